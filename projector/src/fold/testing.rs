//! Events for the tests of the folds.
