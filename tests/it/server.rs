//! Tests of the built-in server over plain sockets.

mod changing_lists;
mod connection_faults;
mod connections;
mod error_responses;
mod fault_scripts;
mod hostile_clients;
mod pages;
mod properties;
mod rate_limits;
mod raw_client;
mod response_faults;
