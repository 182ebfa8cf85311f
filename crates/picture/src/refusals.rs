//! What processes were refused: programs, rights, calls.

use std::collections::BTreeSet;

use trace::Ending;

use crate::crowd::Found;
use crate::notices::Looker;
use crate::story::Deed;

impl Looker<'_> {
    /// A search along PATH fails several times before it succeeds; only one
    /// that never does is news.
    pub(crate) fn failed_exec(&self) -> Option<Found> {
        let last =
            self.me().marks.iter().rev().find_map(|mark| match &mark.deed {
                Deed::Exec { .. } => Some(None),
                Deed::ExecFailed { path, errno } => Some(Some((path, errno))),
                _ => None,
            });
        let (path, errno) = last??;
        let says = format!(" could not execute {path} ({errno})");
        let [one, many] = match self.ends_for_it() {
            Some(ending) => {
                std::array::from_fn(|_| format!(", and ended: {ending}"))
            }
            None => [" it was", " they were"]
                .map(|whom| format!(" and ran on as{whom}")),
        };
        Some(self.found(
            "exec-failed",
            &format!("{says}{one}"),
            &format!("{says}{many}"),
        ))
    }

    /// How it ended after an exec that failed, if it did nothing else.
    fn ends_for_it(&self) -> Option<String> {
        let is_failure = |deed: &Deed| matches!(deed, Deed::ExecFailed { .. });
        let mut after = self.me().marks.iter().rev();
        let goes_on = after
            .by_ref()
            .take_while(|mark| !is_failure(&mark.deed))
            .any(|mark| {
                matches!(
                    mark.deed,
                    Deed::Create { .. }
                        | Deed::Begin { .. }
                        | Deed::Wait { .. }
                        | Deed::Send { .. }
                )
            });
        match &self.me().end {
            None | Some((_, Ending::Code { code: 0 })) => None,
            Some(_) if goes_on => None,
            Some(_) => Some(self.story.ending(self.process)),
        }
    }

    pub(crate) fn withheld_rights(&self) -> impl Iterator<Item = Found> {
        self.me().withheld.iter().map(|(path, bit)| {
            let (rights, why) = match bit.as_str() {
                "setgid" => ("its group's rights", "is setgid"),
                "setuid" => ("its owner's rights", "is setuid"),
                _ => ("its file's capabilities", "has some"),
            };
            let says = |runs: &str| {
                format!(
                    " {runs} without {rights}, since it is observed: {path} \
                     {why}"
                )
            };
            self.found("rights-withheld", &says("runs"), &says("run"))
        })
    }

    pub(crate) fn refused_calls(&self) -> impl Iterator<Item = Found> {
        let refused = self.me().marks.iter().filter_map(|mark| {
            let Deed::Refused { call, errno, reaches } = &mark.deed else {
                return None;
            };
            Some((call, errno, reaches))
        });
        let refused: BTreeSet<_> = refused.collect();
        refused.into_iter().map(|(call, errno, reaches)| {
            let says = |were: &str, are: &str| match reaches {
                Some(reaches) => format!(
                    " {were} refused {call} ({errno}), since {are} \
                     contained: it reaches {reaches}"
                ),
                None => format!(
                    " {were} refused {call} ({errno}), since {are} observed: \
                     unobserved, the call could succeed"
                ),
            };
            let [one, many] = [says("was", "it is"), says("were", "they are")];
            self.found("call-refused", &one, &many)
        })
    }
}
