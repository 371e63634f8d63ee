//! Screens and effects of fabricated runs: what is drawn, and what keys and the mouse do.

mod auto_workers;
mod comparison;
mod compute_status;
mod compute_workloads;
mod cursor_and_inspector;
mod export_menu;
mod follower_agreement;
mod follower_runs;
mod keymap;
mod limits;
mod messages;
mod mouse;
mod program_details;
mod programs;
mod quit_keys;
mod replay;
mod replay_keys;
mod row_stability;
mod run_keys;
mod screen_sizes;
mod screen_text;
mod search;
mod self_check;
mod sweep;
mod table;
mod view_keys;
