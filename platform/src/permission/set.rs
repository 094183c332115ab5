//! Sets of permissions.

use super::Permission;

/// Permissions, each there or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PermissionSet(u64);

impl PermissionSet {
    /// None.
    pub const EMPTY: Self = Self(0);
    /// All there are, and will be.
    pub const ALL: Self = Self(u64::MAX);

    /// These.
    #[must_use]
    pub const fn of(permissions: &[Permission]) -> Self {
        Self::EMPTY.and(permissions)
    }

    /// This set and these.
    #[must_use]
    pub const fn and(self, permissions: &[Permission]) -> Self {
        let mut bits = self.0;
        let mut index = 0;
        // Iterators cannot be used in a constant.
        while index < permissions.len() {
            bits |= 1 << permissions[index] as u8;
            index += 1;
        }
        Self(bits)
    }

    /// What is in this set or in the other.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both.
    #[must_use]
    pub const fn within(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is in this set and not in the other.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether the permission is in it.
    #[must_use]
    pub const fn has(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u8) != 0
    }

    /// Whether everything of the other set is in it.
    #[must_use]
    pub const fn has_all(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}
