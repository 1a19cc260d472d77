//! Real files for tests, made by ffmpeg where it is installed. In CI it must be.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::Tools;

/// Says loudly that a test did nothing; in CI that is a failure.
pub(in crate::media) fn skip(reason: &str) {
    assert!(std::env::var_os("CI").is_none(), "{reason}, and CI must not skip tests");
    eprintln!("\n######## TEST SKIPPED: {reason} ########\n");
}

/// The tools, or a loud line.
pub(in crate::media) fn tools() -> Option<Tools> {
    let tools = Tools::discover();
    if tools.is_none() {
        skip("ffmpeg and ffprobe are not installed");
    }
    tools
}

pub(in crate::media) const H264: &[&str] = &["-c:v", "libx264", "-g", "25", "-c:a", "aac"];
pub(in crate::media) const VP8: &[&str] = &["-c:v", "libvpx", "-g", "25", "-c:a", "libvorbis"];

/// A clip of three seconds, 320 × 180, with sound, encoded as told.
pub(in crate::media) fn clip(tools: &Tools, folder: &Path, name: &str, encoding: &[&[&str]]) -> PathBuf {
    const PICTURE: &str = "testsrc=size=320x180:rate=25:duration=3";
    let mut arguments = vec!["-f", "lavfi", "-i", PICTURE, "-f", "lavfi", "-i", "sine=duration=3"];
    arguments.extend(encoding.iter().copied().flatten());
    convert(tools, folder, name, &arguments)
}

/// Whatever ffmpeg makes of these arguments, in a file of this name.
pub(in crate::media) fn convert(tools: &Tools, folder: &Path, name: &str, arguments: &[&str]) -> PathBuf {
    let path = folder.join(name);
    let mut command = Command::new(&tools.ffmpeg);
    command.current_dir(folder).args(["-v", "error", "-nostdin", "-y"]).args(arguments).arg(&path);
    assert!(command.status().unwrap().success(), "ffmpeg did not make {name}");
    path
}

/// The first part of a file, so many ten-thousandths, as a file of its own.
pub(in crate::media) fn cut(path: &Path, name: &str, share: usize) -> PathBuf {
    let bytes = std::fs::read(path).unwrap();
    let target = path.with_file_name(name);
    std::fs::write(&target, &bytes[..bytes.len() * share / 10_000]).unwrap();
    target
}
