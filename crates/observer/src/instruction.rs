//! What an instruction that stores looks like: how many bytes, and whether it
//! makes what it stores of what stands there, in one step that nobody can
//! divide.

/// An instruction that stores to memory.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Storing {
    /// How many bytes, at most 8.
    pub(crate) width: u8,
    /// Whether it is a read-modify-write in one step. An exchange is none: it
    /// stores what its process had in mind before.
    pub(crate) is_atomic: bool,
    /// Whether it stores only if its thread has not been interrupted since it
    /// loaded: a stop before it is such an interrupt.
    pub(crate) is_conditional: bool,
}

/// As many bytes are needed to tell.
pub(crate) const LONGEST: usize = 15;

/// Intel's manual, volume 2: prefixes, then the opcode, whose lowest bit says
/// mostly whether it is about a byte.
#[cfg(any(target_arch = "x86_64", test))]
fn of_x86(code: &[u8]) -> Storing {
    const PREFIXES: &[u8] =
        &[0xf0, 0xf2, 0xf3, 0x2e, 0x36, 0x3e, 0x26, 0x64, 0x65, 0x66, 0x67];
    let count = code.iter().take_while(|it| PREFIXES.contains(it)).count();
    let (prefixes, rest) = code.split_at(count);
    let rex = rest.first().copied().filter(|it| it & 0xf0 == 0x40);
    let rest = if rex.is_some() { &rest[1..] } else { rest };
    let is_long = rest.first() == Some(&0x0f);
    let opcode = rest.get(usize::from(is_long)).copied().unwrap_or(0);
    let is_exchange = !is_long && matches!(opcode, 0x86 | 0x87);
    let is_atomic = prefixes.contains(&0xf0) && !is_exchange;
    // movups, movaps, movdqa and movq store more than a general register.
    let is_vector = is_long
        && matches!(opcode, 0x11 | 0x13 | 0x17 | 0x29 | 0x7f | 0xd6 | 0xe7);
    let width = if is_vector || rex.is_some_and(|it| it & 8 != 0) {
        8
    } else if opcode & 1 == 0 && !(is_long && opcode == 0xba) {
        1
    } else if prefixes.contains(&0x66) {
        2
    } else {
        4
    };
    Storing { width, is_atomic, is_conditional: false }
}

/// Arm's manual, "Loads and Stores": the two highest bits are the size.
#[cfg(any(target_arch = "aarch64", test))]
fn of_arm(code: u32) -> Storing {
    // LDADD and its kin; CAS; STXR. (SWP and a store-release are not.) CASP
    // is encoded like an STXP of bytes, which does not exist.
    let is_operation = code & 0x3f20_8c00 == 0x3820_0000;
    let is_compare = code & 0x3fa0_7c00 == 0x08a0_7c00;
    let is_pair = code & 0xbfe0_0000 == 0x0820_0000;
    let is_conditional = code & 0x3fc0_0000 == 0x0800_0000 && !is_pair;
    let is_atomic = is_operation || is_compare || is_pair || is_conditional;
    // STP, and STR of a vector register of 128 bits.
    let is_wide =
        code & 0x3a00_0000 == 0x2800_0000 || code & 0xfe80_0000 == 0x3c80_0000;
    let width = if is_wide { 8 } else { 1 << (code >> 30) };
    Storing { width, is_atomic, is_conditional }
}

impl Storing {
    /// Reads the instruction that these bytes begin with.
    pub(crate) fn of(code: &[u8; LONGEST]) -> Self {
        #[cfg(target_arch = "x86_64")]
        return of_x86(code);
        #[cfg(target_arch = "aarch64")]
        return of_arm(u32::from_le_bytes([
            code[0], code[1], code[2], code[3],
        ]));
    }
}

#[cfg(test)]
mod tests {
    use super::{of_arm, of_x86};

    #[test]
    fn an_instruction_tells_its_width_and_whether_it_is_one_step() {
        for (code, width, is_atomic) in [
            (&[0x89, 0x07][..], 4, false),   // mov [rdi], eax
            (&[0x48, 0x89, 0x07], 8, false), // mov [rdi], rax
            (&[0x66, 0x89, 0x07], 2, false), // mov [rdi], ax
            (&[0x88, 0x07], 1, false),       // mov [rdi], al
            (&[0xc7, 0x07, 1, 0, 0, 0], 4, false), // mov [rdi], 1
            (&[0xf0, 0x0f, 0xc1, 0x07], 4, true), // lock xadd
            (&[0xf0, 0x48, 0x0f, 0xb1, 0x0f], 8, true), // lock cmpxchg
            (&[0xf0, 0xff, 0x07], 4, true),  // lock inc
            (&[0x87, 0x07], 4, false),       // xchg
            (&[0x83, 0x07, 0x01], 4, false), // add, divisible
            (&[0xf3, 0x0f, 0x7f, 0x07], 8, false), // movdqu
        ] {
            let found = of_x86(code);
            assert_eq!((found.width, found.is_atomic), (width, is_atomic));
        }
        for (code, width, is_atomic) in [
            (0xb900_0020, 4, false), // str w0, [x1]
            (0xf900_0020, 8, false), // str x0, [x1]
            (0x3900_0020, 1, false), // strb w0, [x1]
            (0x2900_0440, 8, false), // stp w0, w1, [x2]
            (0xa900_0440, 8, false), // stp x0, x1, [x2]
            (0x3d80_0020, 8, false), // str q0, [x1]
            (0x3d00_0020, 1, false), // str b0, [x1]
            (0xbd00_0020, 4, false), // str s0, [x1]
            (0x889f_fc20, 4, false), // stlr w0, [x1]
            (0xb820_0041, 4, true),  // ldadd w0, w1, [x2]
            (0xb820_8041, 4, false), // swp w0, w1, [x2]
            (0x88a0_7c41, 4, true),  // cas w0, w1, [x2]
            (0x8800_7c41, 4, true),  // stxr w0, w1, [x2]
            (0xc8e0_fc41, 8, true),  // casal x0, x1, [x2]
        ] {
            let found = of_arm(code);
            assert_eq!((found.width, found.is_atomic), (width, is_atomic));
        }
    }

    #[test]
    fn only_an_exclusive_store_depends_on_its_load() {
        for (code, is_conditional) in [
            (0x8800_7c41, true),  // stxr w0, w1, [x2]
            (0xc800_fc41, true),  // stlxr w0, x1, [x2]
            (0x8820_0c41, true),  // stxp w0, w1, w3, [x2]
            (0x0820_7c42, false), // casp w0, w1, w2, w3, [x2]
            (0x889f_fc20, false), // stlr w0, [x1]
            (0xb820_0041, false), // ldadd w0, w1, [x2]
        ] {
            assert_eq!(of_arm(code).is_conditional, is_conditional);
        }
    }
}
