//! Words that are the same on the wire and in `scheme`.

/// Turns one enum into the other and back. A word that only one of them has does not compile.
macro_rules! same_words {
    ($wire:ty, $inner:ty: $($variant:ident)*) => {
        impl From<$wire> for $inner {
            fn from(word: $wire) -> Self {
                match word {
                    $(<$wire>::$variant => <$inner>::$variant,)*
                }
            }
        }

        impl From<$inner> for $wire {
            fn from(word: $inner) -> Self {
                match word {
                    $(<$inner>::$variant => <$wire>::$variant,)*
                }
            }
        }
    };
}
pub(crate) use same_words;
