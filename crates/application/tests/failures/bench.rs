//! The test bench: ports as mocks, an application over them, and small inputs.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aviary_application::{Actor, Application, LoginLimits, Policy, Ports, Registration};
use aviary_domain::file::{FileFormat, FileKey};
use aviary_domain::id::IdSource;
use aviary_domain::media::site::MediaSite;
use aviary_domain::media::{PreparedFile, Upload};
use aviary_domain::security::{IssuedToken, PasswordHash};
use aviary_domain::test_support::mock::{
    MockClock, MockDirectUploads, MockEntropy, MockMediaInventory, MockMediaNotices, MockMediaStore, MockMediaUpkeep,
    MockPasswordHasher, MockStore, MockTokens, mock_store,
};
use aviary_domain::user::{Account, Email, FullName, User, Username};
use aviary_domain::{Id, Store, Timestamp};

pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);
/// The largest film that the bench takes, in bytes.
pub(crate) const MAX_VIDEO: u64 = 1 << 20;

/// Puts something in the place of a mock.
pub(crate) type Instead = Box<dyn FnOnce(&mut Store)>;

/// Mocks to set expectations on before the application is built.
pub(crate) struct Bench {
    pub(crate) store: MockStore,
    pub(crate) media: MockMediaStore,
    pub(crate) upkeep: MockMediaUpkeep,
    pub(crate) direct: MockDirectUploads,
    pub(crate) notices: MockMediaNotices,
    pub(crate) inventory: MockMediaInventory,
    pub(crate) hasher: MockPasswordHasher,
    pub(crate) tokens: MockTokens,
    pub(crate) limits: Option<LoginLimits>,
    pub(crate) quota: Option<u64>,
    /// What takes the place of mocks, which cannot take their time.
    pub(crate) instead: Option<Instead>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let mut store = mock_store();
        store.media_site.expect_noted().returning(|| Ok(Some(MediaSite::Folder)));
        Self {
            store,
            media: MockMediaStore::new(),
            upkeep: MockMediaUpkeep::new(),
            direct: MockDirectUploads::new(),
            notices: MockMediaNotices::new(),
            inventory: MockMediaInventory::new(),
            hasher: MockPasswordHasher::new(),
            tokens: MockTokens::new(),
            limits: None,
            quota: None,
            instead: None,
        }
    }

    /// The actor has stored so many bytes, and open tickets for so many more.
    pub(crate) fn has_stored(&mut self, used: u64, reserved: u64) {
        self.store.users.expect_stored_bytes().returning(move |_| Ok(Some(used)));
        self.store.tickets.expect_reserved_bytes().returning(move |_| Ok(reserved));
    }

    pub(crate) fn application(self) -> Application {
        let mut clock = MockClock::new();
        clock.expect_now().return_const(NOW);
        let mut entropy = MockEntropy::new();
        let mut drawn = 0_u8;
        entropy.expect_unguessable().returning(move || {
            drawn += 1;
            [drawn; 16]
        });
        let mut store = self.store.into_store();
        if let Some(instead) = self.instead {
            instead(&mut store);
        }
        let ports = Ports {
            store,
            media: Arc::new(self.media),
            upkeep: Arc::new(self.upkeep),
            direct: Arc::new(self.direct),
            notices: Arc::new(self.notices),
            inventory: Arc::new(self.inventory),
            hasher: Arc::new(self.hasher),
            tokens: Arc::new(self.tokens),
            entropy: Arc::new(entropy),
            clock: Arc::new(clock),
            ids: Arc::new(OneId),
        };
        let policy = Policy {
            view_window: Duration::from_mins(30),
            max_video_bytes: MAX_VIDEO,
            max_image_bytes: 1 << 20,
            storage_quota: self.quota,
            media_site: MediaSite::Folder,
            login_limits: self.limits,
        };
        Application::new(ports, policy)
    }
}

struct OneId;

impl IdSource for OneId {
    fn next_raw(&self) -> [u8; 12] {
        [9; 12]
    }
}

struct Bytes;

impl Upload for Bytes {
    fn bytes(&self) -> u64 {
        3
    }

    fn path(&self) -> &Path {
        Path::new("nowhere")
    }

    fn digest(&self) -> Option<[u8; 32]> {
        Some([3; 32])
    }
}

pub(crate) fn upload() -> Box<dyn Upload> {
    Box::new(Bytes)
}

pub(crate) fn prepared() -> PreparedFile {
    PreparedFile { upload: upload(), format: FileFormat::Png }
}

/// The n-th name that the bench's entropy leads to.
pub(crate) fn name(n: u8) -> FileKey {
    FileKey::new(FileFormat::Png, [n; 16])
}

pub(crate) fn registration() -> Registration {
    Registration {
        full_name: Some("Ada Lovelace".into()),
        email: Some("ada@example.org".into()),
        username: Some("ada".into()),
        password: Some("analytical".to_owned().into()),
        avatar: Some(upload()),
        cover_image: Some(upload()),
    }
}

pub(crate) fn account() -> Account {
    let user = User {
        id: Id::from_bytes([1; 12]),
        username: Username::fold("ada"),
        email: Email::fold("ada@example.org"),
        full_name: FullName::from_stored("Ada Lovelace".into()),
        avatar: name(1),
        cover_image: None,
        created_at: NOW,
        updated_at: NOW,
    };
    Account { user, password_hash: PasswordHash::new("hash".into()) }
}

pub(crate) fn actor() -> Actor {
    Actor { user: Id::from_bytes([1; 12]), session: Id::from_bytes([2; 12]) }
}

pub(crate) fn address() -> IpAddr {
    IpAddr::from([127, 0, 0, 1])
}

pub(crate) fn token() -> IssuedToken {
    IssuedToken { token: "token".to_owned().into(), expires_at: NOW }
}
