//! The lessons can be read: short panels, and no term before it was explained.
