//! threadline shows thread activity live.

pub mod engine;
pub mod github;
pub mod model;
