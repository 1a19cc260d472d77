//! A real Chromium in front of the real server: what was uploaded plays and seeks, and does nothing else.

mod driver;
mod film;
mod inert;
mod pages;
mod shown;
