//! The GitHub REST API: a client for one page, and a server that answers as GitHub does.

pub mod server;
