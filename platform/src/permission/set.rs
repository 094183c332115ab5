//! Sets of permissions.

use super::Permission;

/// Permissions, each there or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PermissionSet(u64);

impl PermissionSet {
    /// These.
    #[must_use]
    pub const fn of(permissions: &[Permission]) -> Self {
        Self(0).and(permissions)
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

    /// Whether the permission is in it.
    #[must_use]
    pub const fn has(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u8) != 0
    }
}
