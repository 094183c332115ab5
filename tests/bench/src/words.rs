//! Texts whose words are as unevenly frequent as those of a language: Zipf's law, over a vocabulary that is made up.

use rand::prelude::*;
use rand::rngs::StdRng;

/// So many words: about those that a help desk uses in a year.
const VOCABULARY: usize = 50_000;
/// How fast words become rarer, and how even the most frequent are.
const EXPONENT: f64 = 1.05;
const OFFSET: f64 = 2.7;
const CONSONANTS: [char; 14] = [
    'b', 'd', 'f', 'g', 'k', 'l', 'm', 'n', 'p', 'r', 's', 't', 'v', 'z',
];
const VOWELS: [char; 5] = ['a', 'e', 'i', 'o', 'u'];

/// Words by how frequent they are.
pub struct Vocabulary {
    /// For each word the share of all words up to it.
    shares: Vec<f64>,
}

impl Vocabulary {
    /// The vocabulary, always the same.
    pub fn new() -> Self {
        let weight = |rank: usize| (rank as f64 + OFFSET).powf(-EXPONENT);
        let mut shares: Vec<f64> = (0..VOCABULARY)
            .scan(0.0, |sum, rank| {
                *sum += weight(rank);
                Some(*sum)
            })
            .collect();
        let all = shares.last().copied().unwrap_or(1.0);
        shares.iter_mut().for_each(|share| *share /= all);
        Self { shares }
    }

    /// A text of so many words.
    pub fn text(&self, random: &mut StdRng, words: usize) -> String {
        let mut text = String::new();
        for index in 0..words {
            if index > 0 {
                text.push(' ');
            }
            let share = random.random::<f64>();
            text.push_str(&word(self.shares.partition_point(|it| *it < share)));
        }
        text
    }
}

/// The word of a rank, from 0: syllables of its digits, at least two, so that no word is another's beginning by its length.
pub fn word(rank: usize) -> String {
    let mut word = String::new();
    let mut rest = rank;
    loop {
        word.push(CONSONANTS[rest % CONSONANTS.len()]);
        rest /= CONSONANTS.len();
        word.push(VOWELS[rest % VOWELS.len()]);
        rest /= VOWELS.len();
        if rest == 0 && word.len() >= 4 {
            return word;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_rank_has_a_word_of_its_own_and_the_first_are_the_most_frequent() {
        let words: BTreeSet<String> = (0..VOCABULARY).map(word).collect();
        assert_eq!(words.len(), VOCABULARY);
        let text = Vocabulary::new().text(&mut StdRng::seed_from_u64(1), 100_000);
        let times = |rank: usize| text.split(' ').filter(|it| *it == word(rank)).count();
        assert!(
            times(0) > times(10) && times(10) > times(1_000),
            "{}",
            times(0)
        );
    }
}
