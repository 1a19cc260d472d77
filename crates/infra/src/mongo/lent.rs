//! Sessions of the driver's pool, lent to one operation at a time. One whose operation nobody waits for any more goes back
//! only when the deployment has ended it: whoever got the session next would wait behind what it still does.

use std::sync::Arc;
use std::time::Duration;

use mongodb::bson::doc;
use mongodb::{Client, ClientSession};
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio::time::{sleep, timeout};

/// How long the deployment has to end an operation before it is asked again, and the pause before that.
const PATIENCE: Duration = Duration::from_secs(3);

/// How often it is asked. A deployment that is away for longer forgets what it was doing.
const ATTEMPTS: u32 = 10;

/// A session in which an operation runs. Dropped before [`Lent::done`], it has the deployment end the operation.
pub(super) struct Lent {
    client: Client,
    session: Option<Arc<Mutex<ClientSession>>>,
}

impl Lent {
    pub(super) fn new(client: &Client, session: &Arc<Mutex<ClientSession>>) -> Self {
        Self { client: client.clone(), session: Some(Arc::clone(session)) }
    }

    /// The operation was answered, whatever the answer.
    pub(super) fn done(mut self) {
        self.session = None;
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(session) = self.session.take() else { return };
        // Without a runtime the process is about to end.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(end(self.client.clone(), session));
        }
    }
}

async fn end(client: Client, session: Arc<Mutex<ClientSession>>) {
    let session = session.lock().await;
    let command = doc! { "killSessions": [session.id().clone()] };
    for _ in 0..ATTEMPTS {
        let admin = client.database("admin");
        match timeout(PATIENCE, admin.run_command(command.clone())).await {
            Ok(Ok(_)) => return,
            Ok(Err(cause)) => tracing::debug!(%cause, "an operation that nobody waits for could not be ended yet"),
            Err(_) => {}
        }
        sleep(PATIENCE).await;
    }
}
