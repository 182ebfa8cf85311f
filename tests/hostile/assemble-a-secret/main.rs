//! Lets the assembler take a file of whoever builds it into its program.

std::arch::global_asm!(".data", "secret: .incbin \"@CANARY@\"", ".text");

fn main() {
    println!("built");
}
