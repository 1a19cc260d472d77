//! Tests of the real binary as a process of its own: killed while it works, under large files, along the README's tour and
//! in front of a real browser. Everything is asked over HTTP, or of the data folder.

mod account;
mod adoption;
mod bench_upload;
mod browser;
mod commands;
mod copy;
mod crash;
mod facts;
mod failover;
mod folder;
mod media;
mod memory;
mod sample;
mod seed;
mod server;
mod site;
mod tools;
mod tour;
mod uploads;
