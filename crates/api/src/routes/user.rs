//! Accounts and channels over HTTP.

use actix_web::{get, patch, post};
use aviary_application::{AccountEdit, Registration};
use aviary_domain::media::Upload;
use aviary_domain::user::UserImage;
use secrecy::SecretString;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::State;
use crate::client::Client;
use crate::creation;
use crate::envelope::{Answer, Envelope, ok};
use crate::error::Failure;
use crate::extract::{Actor, Body, Fields, GuestKeyHeader, Input, MaybeActor, MaybeKey, PathText};
use crate::multipart::{AVATAR, COVER_IMAGE, FormBody};
use crate::view::{ChannelView, OwnUserView, UserView};

/// Mounts the routes under `/users`.
pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(register).service(current).service(edit);
    config.service(replace_avatar).service(replace_cover).service(channel);
}

/// A new account.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct RegistrationInput {
    /// The name that people see: 1 to 100 characters.
    #[schema(required = true, nullable = false, example = "Ada Lovelace")]
    full_name: Option<String>,
    /// The unique address.
    #[schema(required = true, nullable = false, example = "ada@example.org")]
    email: Option<String>,
    /// The unique name: 1 to 30 of `a-z`, `0-9`, `_`, `.`, `-`.
    #[schema(required = true, nullable = false, example = "ada")]
    username: Option<String>,
    /// 8 characters or more, 71 bytes or fewer.
    #[schema(value_type = String, format = Password)]
    password: Option<SecretString>,
    /// The face: JPEG, PNG, WebP or GIF.
    #[schema(value_type = String, format = Binary)]
    avatar: Option<Box<dyn Upload>>,
    /// The banner: JPEG, PNG, WebP or GIF.
    #[schema(value_type = Option<String>, format = Binary)]
    cover_image: Option<Box<dyn Upload>>,
}

impl Input for RegistrationInput {
    fn take(fields: &mut Fields) -> Self {
        Self {
            full_name: fields.text_or("fullName", "fullname"),
            email: fields.text("email"),
            username: fields.text("username"),
            password: fields.secret("password"),
            avatar: None,
            cover_image: None,
        }
    }
}

impl From<RegistrationInput> for Registration {
    fn from(input: RegistrationInput) -> Self {
        Self {
            full_name: input.full_name,
            email: input.email,
            username: input.username,
            password: input.password,
            avatar: input.avatar,
            cover_image: input.cover_image,
        }
    }
}

/// What changes of an account: at least one of these.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct AccountInput {
    /// The name that people see: 1 to 100 characters.
    full_name: Option<String>,
    /// The unique address.
    email: Option<String>,
}

impl Input for AccountInput {
    fn take(fields: &mut Fields) -> Self {
        Self { full_name: fields.text_or("fullName", "fullname"), email: fields.text("email") }
    }
}

/// A new face.
#[derive(ToSchema)]
pub(crate) struct AvatarInput {
    /// JPEG, PNG, WebP or GIF.
    #[schema(value_type = String, format = Binary)]
    avatar: Option<Box<dyn Upload>>,
}

/// A new banner.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct CoverInput {
    /// JPEG, PNG, WebP or GIF.
    #[schema(value_type = String, format = Binary)]
    cover_image: Option<Box<dyn Upload>>,
}

/// Makes an account.
#[utoipa::path(
    tag = "users",
    request_body(content = RegistrationInput, content_type = "multipart/form-data"),
    params(GuestKeyHeader),
    responses(
        (status = 201, body = Envelope<UserView>),
        (status = 422, body = Failure, description = "A file cannot be read, or the key was used for another request"),
    ),
)]
#[post("/register")]
pub(crate) async fn register(state: State, client: Client, MaybeKey(key): MaybeKey, body: FormBody) -> Answer {
    let mut form = body.receive(&[AVATAR, COVER_IMAGE]).await?;
    let (avatar, cover_image) = (form.file(AVATAR), form.file(COVER_IMAGE));
    let input = RegistrationInput { avatar, cover_image, ..form.read()? };
    let creation = state.application.users.register(input.into(), client.address, key.as_ref()).await?;
    creation::answer(creation, |user| UserView::new(&user, &state), "User registered successfully", &state).await
}

/// Shows one's own account, and what the files of one's videos take.
#[utoipa::path(
    tag = "users",
    responses((status = 200, body = Envelope<OwnUserView>)),
    security(("bearer" = []), ("cookie" = []))
)]
#[get("/current-user")]
pub(crate) async fn current(state: State, Actor(actor): Actor) -> Answer {
    let (user, storage) = state.application.users.current(actor).await?;
    Ok(ok(OwnUserView::new(&user, storage, &state), "Current user fetched successfully"))
}

/// Changes one's own name or address.
#[utoipa::path(
    tag = "users",
    request_body = AccountInput,
    responses((status = 200, body = Envelope<UserView>)),
    security(("bearer" = []), ("cookie" = []))
)]
#[patch("/update-account")]
pub(crate) async fn edit(state: State, Actor(actor): Actor, body: Body<AccountInput>) -> Answer {
    let input = body.read().await?;
    let edit = AccountEdit { full_name: input.full_name, email: input.email };
    let user = state.application.users.edit(actor, &edit).await?;
    Ok(ok(UserView::new(&user, &state), "Account details updated successfully"))
}

/// Replaces one's own face; the old file is removed.
#[utoipa::path(
    tag = "users",
    request_body(content = AvatarInput, content_type = "multipart/form-data"),
    responses((status = 200, body = Envelope<UserView>)),
    security(("bearer" = []), ("cookie" = []))
)]
#[patch("/avatar")]
pub(crate) async fn replace_avatar(state: State, Actor(actor): Actor, body: FormBody) -> Answer {
    let input = AvatarInput { avatar: body.receive(&[AVATAR]).await?.file(AVATAR) };
    let user = state.application.users.replace_image(actor, UserImage::Avatar, input.avatar).await?;
    Ok(ok(UserView::new(&user, &state), "Avatar updated successfully"))
}

/// Replaces one's own banner; the old file is removed.
#[utoipa::path(
    tag = "users",
    request_body(content = CoverInput, content_type = "multipart/form-data"),
    responses((status = 200, body = Envelope<UserView>)),
    security(("bearer" = []), ("cookie" = []))
)]
#[patch("/cover-image")]
pub(crate) async fn replace_cover(state: State, Actor(actor): Actor, body: FormBody) -> Answer {
    let input = CoverInput { cover_image: body.receive(&[COVER_IMAGE]).await?.file(COVER_IMAGE) };
    let user = state.application.users.replace_image(actor, UserImage::Cover, input.cover_image).await?;
    Ok(ok(UserView::new(&user, &state), "Cover image updated successfully"))
}

/// Shows a channel.
#[utoipa::path(
    tag = "users",
    params(("username" = String, Path, description = "The channel's user name, in any case", example = "ada")),
    responses((status = 200, body = Envelope<ChannelView>)),
    security((), ("bearer" = []), ("cookie" = []))
)]
#[get("/c/{username}")]
pub(crate) async fn channel(state: State, MaybeActor(viewer): MaybeActor, PathText(username): PathText) -> Answer {
    let channel = state.application.users.channel(&username, viewer).await?;
    let own = viewer.is_some_and(|actor| actor.user == channel.user.id);
    Ok(ok(ChannelView::new(&channel, own, &state), "User channel fetched successfully"))
}
