//! What only a provider far away can do to a media store: call by itself, fail, be slow, lie, and hold what others left.

mod adopted;
mod faults;
mod large;
mod log;
mod notices;
mod outage;
mod strictness;
