//! Media stores: one contract for the local folder and for Cloudinary, what only a provider far away can do to us, and the
//! fake that stands for it.

mod contract;
mod fake;
mod film;
mod home;
mod provider;
mod storm;
