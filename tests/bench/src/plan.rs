//! What is measured, as it was asked for on the command line.

use std::path::PathBuf;

use anyhow::{Context, bail, ensure};
use clap::Args;

use crate::home::{HomeKind, Size};
use crate::workload::{self, Workload};

/// What `--quick` measures.
const QUICK: [&str; 5] = ["detail", "list", "comments", "like", "storm"];
/// What is no load on a server but the way of one large file.
pub(crate) const TRANSFER: &str = "transfer";
/// Fewer rounds have no median worth the name.
const FEWEST_ROUNDS: usize = 5;

/// What to measure.
#[derive(Args)]
pub(crate) struct RunOptions {
    /// Measure the most important workloads on small homes alone
    #[arg(long)]
    quick: bool,
    /// Measure these workloads alone, as in `detail,list`; `aviary-bench list` names them
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Measure these homes alone [default: both]
    #[arg(long, value_delimiter = ',', value_enum)]
    homes: Vec<HomeKind>,
    /// Measure homes of these sizes alone [default: both]
    #[arg(long, value_delimiter = ',', value_enum)]
    sizes: Vec<Size>,
    /// How often each measurement is made; there are up to twice as many where they do not agree
    #[arg(long, default_value_t = FEWEST_ROUNDS)]
    rounds: usize,
    /// How long each measurement takes, in seconds
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// How far the middle half of the rounds may reach, as a part of their median; beyond, nothing is reported
    #[arg(long, default_value_t = 0.25)]
    spread: f64,
    /// What the chance of the seeded homes begins with
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Seed the homes anew instead of using those that were kept
    #[arg(long)]
    fresh: bool,
    /// The folder for homes and reports; it should be on the disk that is to be measured [default: `bench` in the folder
    /// of the build]
    #[arg(long)]
    folder: Option<PathBuf>,
}

/// What is measured.
#[derive(Debug)]
pub(crate) struct Plan {
    /// In these homes, one kind after the other.
    pub(crate) homes: Vec<HomeKind>,
    /// Of these sizes, in turn.
    pub(crate) sizes: Vec<Size>,
    /// These workloads, in this order.
    pub(crate) workloads: Vec<Workload>,
    /// Whether a large file goes up and down in the embedded home.
    pub(crate) transfer: bool,
    /// Whether the floors are measured by themselves too.
    pub(crate) floors: bool,
    /// How often each measurement is made at least.
    pub(crate) rounds: usize,
    /// How long each takes.
    pub(crate) seconds: u64,
    /// How far rounds may be apart.
    pub(crate) spread: f64,
    /// What the chance of the homes begins with.
    pub(crate) seed: u64,
    /// Whether homes are seeded anew.
    pub(crate) fresh: bool,
    /// Where everything lies.
    pub(crate) folder: PathBuf,
}

impl Plan {
    /// Checks what was asked for.
    pub(crate) fn new(options: RunOptions) -> anyhow::Result<Self> {
        ensure!(options.rounds >= FEWEST_ROUNDS, "--rounds has to be {FEWEST_ROUNDS} or more");
        ensure!(options.spread > 0.0 && options.spread.is_finite(), "--spread has to be a part above 0, such as 0.25");
        let names =
            if options.only.is_empty() && options.quick { QUICK.map(str::to_owned).to_vec() } else { options.only };
        let sizes = match options.sizes {
            sizes if !sizes.is_empty() => distinct(sizes),
            _ if options.quick => vec![Size::Small],
            _ => vec![Size::Small, Size::Large],
        };
        let homes = match options.homes {
            homes if homes.is_empty() => vec![HomeKind::Embedded, HomeKind::MongoDb],
            homes => distinct(homes),
        };
        let workloads = workloads(&names)?;
        let transfer = names.is_empty() || names.iter().any(|name| name == TRANSFER);
        // Both kinds of homes have their files in the same folder.
        let transfer = transfer && homes.contains(&HomeKind::Embedded);
        ensure!(transfer || !workloads.is_empty(), "`{TRANSFER}` is measured in the embedded home alone");
        Ok(Self {
            homes,
            sizes,
            floors: names.is_empty(),
            transfer,
            workloads,
            rounds: options.rounds,
            seconds: options.seconds,
            spread: options.spread,
            seed: options.seed,
            fresh: options.fresh,
            folder: options
                .folder
                .map_or_else(default_folder, |folder| std::path::absolute(folder).map_err(Into::into))?,
        })
    }
}

/// The workloads of these names, in the order of measuring; all of them when none is named.
fn workloads(names: &[String]) -> anyhow::Result<Vec<Workload>> {
    for name in names {
        if name != TRANSFER && workload::named(name).is_none() {
            let known: Vec<_> = workload::ALL.iter().map(|workload| workload.name).collect();
            bail!("there is no workload `{name}`, but there are {}, {TRANSFER}", known.join(", "));
        }
    }
    let wanted = |workload: &Workload| names.is_empty() || names.iter().any(|name| name == workload.name);
    Ok(workload::ALL.into_iter().filter(wanted).collect())
}

fn distinct<T: Ord>(mut values: Vec<T>) -> Vec<T> {
    values.sort_unstable();
    values.dedup();
    values
}

/// Beside what was built: on the same disk, and never in the way of the project.
fn default_folder() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe().context("cannot tell where this program lies")?;
    let target = program.parent().and_then(std::path::Path::parent).context("this program lies nowhere")?;
    Ok(target.join("bench"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Typed {
        #[command(flatten)]
        options: RunOptions,
    }

    fn plan(arguments: &str) -> anyhow::Result<Plan> {
        let words = std::iter::once("bench").chain(arguments.split_whitespace());
        Plan::new(Typed::try_parse_from(words)?.options)
    }

    #[test]
    fn everything_is_measured_unless_less_is_asked_for() {
        let plan = plan("").unwrap();
        assert_eq!((plan.workloads.len(), plan.homes.len(), plan.sizes.len(), plan.rounds), (22, 2, 2, 5));
        assert!(plan.transfer);
    }

    #[test]
    fn developers_measure_one_path() {
        let plan = plan("--only list,detail --homes embedded --sizes large,large").unwrap();
        assert_eq!(plan.workloads.iter().map(|w| w.name).collect::<Vec<_>>(), ["detail", "list"]);
        assert_eq!((plan.homes, plan.sizes, plan.transfer), (vec![HomeKind::Embedded], vec![Size::Large], false));
    }

    #[test]
    fn quick_is_small_and_short_unless_more_is_asked_for() {
        let quick = plan("--quick").unwrap();
        assert_eq!((quick.workloads.len(), quick.sizes, quick.transfer), (QUICK.len(), vec![Size::Small], false));
        let asked = plan("--quick --only mix,transfer --sizes large").unwrap();
        assert_eq!((asked.workloads.len(), asked.sizes, asked.transfer), (1, vec![Size::Large], true));
    }

    #[test]
    fn mistakes_are_told() {
        let told = |arguments| plan(arguments).unwrap_err().to_string();
        assert!(told("--only detail,lists").contains("no workload `lists`"), "{}", told("--only lists"));
        assert!(told("--rounds 4").contains("5 or more"));
        assert!(told("--spread 0").contains("above 0"));
        assert!(told("--homes cloud").contains("embedded, mongodb"));
        assert!(told("--seconds 0").contains("1..=600"));
        assert!(told("--only transfer --homes mongodb").contains("embedded home alone"));
    }
}
