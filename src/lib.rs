//! threadline shows thread activity live.

pub mod github;
pub mod model;
