//! Randomness of the operating system, evenly spread over what is asked for.

use rand::TryRngCore;
use rand::rngs::OsRng;
use zeroize::Zeroizing;

/// The operating system gives no random bytes: a fault of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gives no random bytes")]
pub struct NoRandomness;

/// Random bytes.
pub(crate) fn bytes<const N: usize>() -> Result<Zeroizing<[u8; N]>, NoRandomness> {
    let mut bytes = Zeroizing::new([0; N]);
    OsRng
        .try_fill_bytes(bytes.as_mut_slice())
        .map_err(|_| NoRandomness)?;
    Ok(bytes)
}

/// A number below `bound`, each as likely as any other.
pub(crate) fn below(bound: u32) -> Result<u32, NoRandomness> {
    // Above the largest multiple of the bound, the first remainders would come once too often.
    let even = u32::MAX - u32::MAX % bound;
    loop {
        let drawn = OsRng.try_next_u32().map_err(|_| NoRandomness)?;
        if drawn < even {
            return Ok(drawn % bound);
        }
    }
}

/// A text of `length` characters of the alphabet (at most 256 of ASCII), each as likely as any other.
pub(crate) fn text(alphabet: &[u8], length: usize) -> Result<Zeroizing<String>, NoRandomness> {
    let mut text = Zeroizing::new(String::with_capacity(length));
    let bound = u32::try_from(alphabet.len()).unwrap_or(u32::MAX);
    for _ in 0..length {
        text.push(char::from(alphabet[below(bound)? as usize]));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_number_below_the_bound_is_drawn_about_as_often() {
        let mut drawn = [0_u32; 10];
        for _ in 0..10_000 {
            drawn[below(10).unwrap() as usize] += 1;
        }
        // Twelve standard deviations of 30 from the 1000 that are expected.
        assert!(
            drawn.iter().all(|times| (640..=1360).contains(times)),
            "{drawn:?}"
        );
    }

    #[test]
    fn a_text_has_its_length_and_only_characters_of_its_alphabet() {
        let drawn = text(b"ab", 64).unwrap();
        assert_eq!(drawn.len(), 64);
        assert!(drawn.contains('a') && drawn.contains('b'));
        assert!(drawn.chars().all(|c| c == 'a' || c == 'b'));
    }

    #[test]
    fn bytes_are_never_the_same_twice() {
        assert_ne!(bytes::<32>().unwrap(), bytes::<32>().unwrap());
    }
}
