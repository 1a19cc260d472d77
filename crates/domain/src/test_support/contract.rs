//! The contract suite: one async function a rule, named as a sentence, grouped by noun. Every adapter runs them all,
//! each on a fresh, empty store, through [`store_contract!`](crate::store_contract).
#![expect(missing_docs, reason = "the name of a rule is its sentence")]

mod check;
pub mod comment;
pub mod dashboard;
pub mod deletion;
pub mod file;
pub mod file_access;
pub mod file_name;
pub mod file_owner;
pub mod history;
pub mod idempotency;
pub mod lease;
pub mod like;
pub mod maintenance;
pub mod media_site;
pub mod media_task;
pub mod playlist;
pub mod playlist_video;
pub mod quota;
pub mod search;
pub mod session;
pub mod storm;
pub mod subscription;
pub mod ticket;
pub mod together;
pub mod tweet;
pub mod unready;
pub mod user;
pub mod video;
pub mod video_list;
pub mod video_status;
pub mod watch;

/// Runs the whole contract suite over an adapter: one `#[tokio::test]` a rule, in one module a noun.
///
/// Takes the name of an async function of the calling module that gives a fresh, empty store and whatever has to
/// live as long as it: `async fn fresh() -> (Store, Guard)`. The calling crate brings tokio with its macros.
/// This list is the only one: a rule that is missing here runs nowhere, and a unit test says so.
#[macro_export]
macro_rules! store_contract {
    ($fresh:ident) => {
        $crate::contract_of_a_noun! { $fresh, user:
            a_registered_user_is_found_as_given,
            an_account_is_found_by_name_and_by_address_however_they_are_typed,
            an_unknown_user_is_absent,
            registration_claims_its_pictures,
            a_taken_username_is_refused_and_changes_nothing,
            a_taken_address_is_refused_and_changes_nothing,
            the_name_is_told_first_when_name_and_address_are_taken,
            an_account_with_an_unreserved_picture_is_refused_and_changes_nothing,
            of_many_registrations_of_one_name_exactly_one_succeeds,
            of_many_registrations_of_one_address_exactly_one_succeeds,
            of_many_identical_registrations_exactly_one_succeeds,
            an_update_changes_what_it_names_and_keeps_the_rest,
            an_update_to_a_taken_address_is_refused_and_changes_nothing,
            an_update_to_ones_own_address_is_no_conflict,
            an_address_is_free_again_once_its_owner_has_another,
            of_many_updates_to_one_address_exactly_one_succeeds,
            a_new_picture_is_claimed_and_the_old_one_is_due,
            a_first_cover_makes_nothing_due,
            an_unreserved_new_picture_is_refused_and_changes_nothing,
            of_many_new_pictures_at_once_one_stays_and_all_others_are_due,
            a_password_change_revokes_every_other_session_of_the_user,
            a_password_change_against_a_stale_hash_changes_nothing,
            of_many_password_changes_at_once_exactly_one_succeeds,
            a_channel_shows_its_counts_and_whether_the_viewer_subscribes,
        }
        $crate::contract_of_a_noun! { $fresh, session:
            a_session_opens_only_under_the_hash_that_was_checked,
            a_session_is_active_until_it_ends,
            a_session_is_its_users_alone,
            an_unknown_session_is_absent,
            the_current_token_is_exchanged_and_prolongs_the_session,
            an_ended_session_is_not_continued,
            a_lost_answer_is_given_again_and_the_lost_token_dies,
            a_token_whose_successor_was_used_is_a_replay_and_ends_the_session,
            a_token_that_was_never_the_sessions_is_a_replay,
            sessions_of_one_user_are_independent,
            a_revoked_session_has_ended,
            of_many_exchanges_of_one_token_exactly_one_successor_stays,
            a_race_for_the_first_exchange_leaves_a_session_that_goes_on,
        }
        $crate::contract_of_a_noun! { $fresh, video:
            a_new_video_is_answered_with_its_owner_and_found_as_given,
            a_new_video_starts_with_its_counters_at_zero,
            a_new_video_claims_its_files,
            a_video_with_an_unreserved_file_is_refused_and_changes_nothing,
            an_unknown_video_is_absent,
            an_update_changes_what_it_names_and_keeps_the_rest,
            a_new_thumbnail_is_claimed_and_the_old_one_is_due,
            an_unreserved_new_thumbnail_is_refused_and_changes_nothing,
            publishing_is_turned_round_each_time,
            an_even_number_of_publishings_at_once_changes_nothing,
            what_others_do_is_no_change_of_the_owners,
        }
        $crate::contract_of_a_noun! { $fresh, video_status:
            a_new_video_keeps_its_status_and_what_its_owner_wants,
            every_change_of_status_is_kept_and_answered,
            a_change_of_status_is_taken_only_from_the_one_it_names,
            of_a_failure_any_reason_is_replaced,
            keys_that_the_media_store_changed_are_kept,
            a_key_that_was_changed_meanwhile_is_passed_over,
            a_settlement_that_says_nothing_changes_nothing,
            a_video_that_is_gone_cannot_be_settled,
            toggling_a_video_that_is_not_ready_changes_only_what_its_owner_wants,
            a_change_of_a_video_leaves_its_status,
            of_many_settlements_at_once_each_is_counted_once,
            of_many_new_keys_at_once_exactly_one_is_kept,
            a_toggle_that_races_a_settlement_is_not_lost,
        }
        $crate::contract_of_a_noun! { $fresh, unready:
            lists_and_searches_show_it_to_its_owner_alone,
            a_new_one_is_listed_for_others_from_the_moment_that_it_is_ready,
            one_that_nobody_is_to_see_stays_hidden_when_it_is_ready,
            toggling_it_shows_it_to_nobody,
            its_new_words_are_found_by_its_owner_alone,
            its_page_opens_for_its_owner_alone,
            its_comments_are_its_owners_alone,
            others_cannot_like_it_and_their_likes_wait,
            playlists_and_histories_of_others_leave_it_out,
            its_owners_own_numbers_know_it,
        }
        $crate::contract_of_a_noun! { $fresh, media_site:
            nothing_is_noted_in_a_fresh_store,
            every_site_is_noted_as_given,
            a_site_is_noted_only_in_the_place_of_the_one_before,
            of_many_at_once_exactly_one_is_noted,
        }
        $crate::contract_of_a_noun! { $fresh, media_task:
            a_new_video_that_is_ready_makes_no_task,
            a_new_video_that_is_not_ready_makes_one_that_is_due_after_a_while,
            toggling_publication_makes_one_that_is_due_at_once,
            working_on_a_video_again_makes_one_that_is_due_at_once,
            a_new_still_of_a_video_that_not_everybody_sees_makes_one_that_is_due_at_once,
            no_other_step_makes_one_or_takes_one_away,
            a_deleted_video_takes_its_task_along,
            a_step_that_is_refused_makes_none,
            tasks_come_longest_due_first_and_no_more_than_asked_for,
            a_video_has_one_task_at_most_and_a_need_renews_it,
            a_postponed_task_is_due_later_with_one_more_attempt,
            a_task_that_is_done_is_gone_and_no_other,
            a_task_that_was_renewed_meanwhile_is_left_alone,
            a_task_that_was_done_and_made_again_is_another_one,
            of_many_needs_at_once_one_task_remains,
            a_need_that_races_the_end_of_a_task_is_not_lost,
        }
        $crate::contract_of_a_noun! { $fresh, quota:
            films_and_stills_of_a_users_videos_are_counted_and_pictures_are_not,
            a_size_is_kept_to_the_byte,
            a_video_that_fits_exactly_is_added_and_one_byte_more_is_refused,
            nobody_uses_up_the_quota_of_another,
            of_many_videos_at_once_only_so_many_are_added_as_fit,
            a_new_still_changes_what_is_stored_by_the_difference,
            a_larger_still_that_does_not_fit_is_refused_and_changes_nothing,
            a_still_that_is_no_larger_than_the_old_one_is_never_refused,
            of_many_larger_stills_at_once_only_so_many_are_taken_as_fit,
            a_deleted_video_gives_its_bytes_back_once_and_at_once,
            who_sees_a_video_is_nothing_to_the_quota,
        }
        $crate::contract_of_a_noun! { $fresh, ticket:
            a_ticket_reserves_its_name_until_its_end,
            an_unknown_user_gets_no_ticket,
            what_was_reserved_without_a_ticket_is_none,
            a_ticket_is_for_as_much_as_fits_and_no_more_than_is_asked_for,
            a_ticket_that_does_not_fit_is_refused_and_reserves_nothing,
            only_so_many_tickets_are_open_and_the_first_end_is_told,
            a_ticket_is_open_until_its_name_leaves_the_ledger,
            a_film_that_is_published_ends_its_ticket,
            a_film_that_is_refused_keeps_its_ticket,
            room_for_open_tickets_is_kept_free,
            of_many_tickets_at_once_only_so_many_are_given_as_may_be_open,
            of_many_tickets_at_once_only_so_many_are_given_as_fit,
            tickets_and_videos_at_once_share_the_quota,
        }
        $crate::contract_of_a_noun! { $fresh, video_list:
            published_videos_are_walked_alike_by_page_and_cursor_in_every_order,
            one_users_published_videos_are_walked_alike_by_page_and_cursor_in_every_order,
            all_of_one_users_videos_are_walked_alike_by_page_and_cursor_in_every_order,
            a_listed_video_is_told_with_its_owner_and_counts,
            an_empty_list_has_a_total_of_zero_and_no_next_page,
            a_page_past_the_end_is_empty_and_knows_the_total,
            an_unpublished_video_is_listed_for_its_owner_alone,
            totals_follow_publishing_and_deleting,
            a_cursor_walk_is_not_disturbed_by_what_comes_and_goes,
            sorting_follows_what_changes,
        }
        $crate::contract_of_a_noun! { $fresh, search:
            a_phrase_in_the_title_is_best_then_words_in_the_title_then_anywhere,
            a_phrase_does_not_run_from_the_title_into_the_description,
            within_a_tier_newer_videos_come_first,
            a_video_that_matches_in_several_ways_is_found_once,
            all_words_are_needed,
            totals_follow_every_change_at_once,
            the_last_word_matches_as_the_beginning_of_a_word,
            case_accents_and_compatibility_forms_do_not_matter,
            operators_are_words_or_nothing,
            a_query_without_a_letter_or_digit_finds_nothing,
            only_title_and_description_are_searched,
            an_unpublished_video_is_found_by_its_owner_alone,
            a_changed_text_is_found_by_its_new_words_alone,
            a_change_of_an_unpublished_video_does_not_make_it_found,
            a_deleted_video_is_not_found,
            matches_are_walked_alike_by_page_and_cursor,
            matches_are_walked_alike_by_page_and_cursor_in_every_order,
            counting_and_sorting_stop_at_the_cap_and_relevance_goes_on,
            a_walk_through_matches_is_not_disturbed_by_what_comes_and_goes,
        }
        $crate::contract_of_a_noun! { $fresh, watch:
            the_first_visit_of_each_viewer_is_a_view_and_the_answer_includes_it,
            a_viewer_counts_again_when_the_window_is_over_and_not_before,
            views_of_one_viewer_are_counted_for_each_video,
            the_owners_own_visits_are_no_views_but_enter_the_history,
            an_unpublished_video_is_opened_by_its_owner_alone,
            an_unknown_video_cannot_be_opened,
            the_page_tells_what_stands_between_viewer_and_video,
            a_watched_video_moves_to_the_front_of_the_history,
            a_watched_video_moves_to_the_front_even_when_the_clock_did_not_move_on,
            a_fresh_entry_at_the_front_of_the_history_is_left_as_it_is,
            an_entry_that_was_removed_comes_back_with_the_next_visit,
            histories_of_users_are_apart,
            many_visits_of_one_viewer_at_once_are_one_view,
            many_viewers_at_once_are_a_view_each,
        }
        $crate::contract_of_a_noun! { $fresh, deletion:
            a_deleted_video_is_absent_from_every_answer_about_videos,
            a_deleted_video_is_absent_from_lists_and_search,
            a_deleted_videos_comments_are_absent,
            a_deleted_videos_likes_are_absent_and_cannot_change,
            a_deleted_video_leaves_playlists_and_history,
            a_deleted_videos_counts_leave_its_channel_at_once,
            likes_of_a_deleted_videos_comments_are_gone_once_it_is_purged,
            an_unpublished_video_is_deleted_like_any_other,
            a_video_that_is_not_ready_is_deleted_like_any_other,
            a_deleted_videos_files_are_due_at_once,
            other_videos_are_left_alone,
            of_many_deletes_at_once_exactly_one_finds_the_video,
            likes_and_comments_that_race_a_delete_leave_no_trace,
        }
        $crate::contract_of_a_noun! { $fresh, comment:
            a_new_comment_is_answered_with_its_author_and_found_as_given,
            a_new_comment_has_no_likes_and_is_counted_on_its_video,
            a_comment_needs_a_video_that_its_author_can_see,
            an_unknown_comment_is_absent,
            comments_are_visible_where_their_video_is,
            comments_of_an_unknown_video_are_absent,
            a_video_without_comments_has_an_empty_list,
            comments_are_walked_newest_first_alike_by_page_and_cursor,
            a_listed_comment_tells_its_author_and_whether_the_viewer_likes_it,
            an_update_changes_the_text_and_answers_as_the_author_sees_it,
            a_deleted_comment_and_its_likes_leave_every_counter_at_once,
            a_walk_goes_on_after_the_comment_that_its_cursor_names_is_deleted,
            many_comments_at_once_are_counted_one_by_one,
        }
        $crate::contract_of_a_noun! { $fresh, tweet:
            a_new_tweet_is_answered_with_its_author_and_found_as_given,
            a_new_tweet_has_no_likes_and_is_counted,
            an_unknown_tweet_is_absent,
            tweets_of_an_unknown_user_are_absent,
            lists_without_tweets_are_empty,
            everybodys_tweets_are_walked_newest_first_alike_by_page_and_cursor,
            one_users_tweets_are_walked_newest_first_alike_by_page_and_cursor,
            a_listed_tweet_tells_its_author_and_whether_the_viewer_likes_it,
            an_update_changes_the_text_and_answers_as_the_author_sees_it,
            a_deleted_tweet_and_its_likes_leave_every_counter_at_once,
            many_tweets_at_once_are_counted_one_by_one,
        }
        $crate::contract_of_a_noun! { $fresh, like:
            a_like_is_counted_on_its_target_and_for_the_owner,
            a_second_like_changes_nothing,
            a_like_stays_as_it_was_when_it_is_put_again,
            a_removed_like_leaves_every_count,
            a_toggle_turns_the_like_round,
            likes_of_users_are_apart,
            an_unknown_target_cannot_be_liked,
            what_a_user_cannot_see_cannot_be_liked,
            a_deleted_comment_or_tweet_cannot_be_liked,
            liked_videos_are_walked_latest_like_first_alike_by_page_and_cursor,
            a_liked_video_is_told_with_its_like_and_its_owner,
            a_liked_video_that_the_user_cannot_see_is_left_out,
            pages_of_liked_videos_are_full_where_hidden_ones_lie_between,
            identical_likes_at_once_are_one_like,
            toggles_of_one_user_at_once_take_turns,
            likes_of_many_users_at_once_are_counted_one_by_one,
        }
        $crate::contract_of_a_noun! { $fresh, subscription:
            a_subscription_is_counted_for_both,
            a_subscription_stays_as_it_was_when_it_is_put_again,
            an_ended_subscription_leaves_both_counts,
            a_toggle_turns_the_subscription_round,
            a_subscription_has_a_direction,
            an_unknown_channel_is_absent,
            channels_of_an_unknown_user_are_absent,
            lists_without_subscriptions_are_empty,
            subscribers_are_walked_latest_first_alike_by_page_and_cursor,
            channels_are_walked_latest_first_alike_by_page_and_cursor,
            each_list_shows_the_user_on_the_other_end,
            identical_subscriptions_at_once_are_one,
            toggles_of_one_subscriber_at_once_take_turns,
            subscriptions_of_many_users_at_once_are_counted_one_by_one,
        }
        $crate::contract_of_a_noun! { $fresh, playlist:
            a_new_playlist_is_empty_and_found_as_given,
            an_unknown_playlist_is_absent,
            playlists_of_an_unknown_user_are_absent,
            an_update_changes_what_it_names_and_keeps_the_rest,
            a_deleted_playlist_is_gone_and_its_videos_stay,
            playlists_are_walked_newest_first_alike_by_page_and_cursor,
            a_listed_playlist_shows_its_totals_and_its_first_visible_videos,
            totals_of_a_playlist_follow_its_videos,
        }
        $crate::contract_of_a_noun! { $fresh, playlist_video:
            videos_keep_the_order_of_adding,
            a_video_that_is_added_again_keeps_its_place,
            a_video_that_is_removed_and_added_again_goes_to_the_end,
            removing_a_video_that_is_not_in_changes_nothing,
            adding_and_removing_are_changes_of_the_playlist,
            a_video_can_be_in_many_playlists,
            a_video_that_the_playlists_owner_cannot_see_is_not_added,
            a_hidden_video_is_left_out_and_keeps_its_place,
            a_hidden_video_can_be_taken_out,
            videos_are_walked_alike_by_page_and_cursor,
            a_full_playlist_takes_no_further_video,
            identical_additions_at_once_are_one_entry,
            additions_of_many_videos_at_once_are_all_kept,
            additions_and_removals_of_one_video_at_once_leave_it_in_or_out,
        }
        $crate::contract_of_a_noun! { $fresh, history:
            a_history_without_entries_is_empty,
            an_entry_tells_the_video_with_its_owner_and_when_it_was_watched,
            the_history_is_walked_latest_first_alike_by_page_and_cursor,
            a_watched_video_that_the_user_cannot_see_is_left_out,
            pages_of_the_history_are_full_where_hidden_videos_lie_between,
            a_removed_entry_is_forgotten_and_no_other,
            a_cleared_history_is_forgotten_and_no_other,
        }
        $crate::contract_of_a_noun! { $fresh, dashboard:
            an_unknown_channel_has_no_numbers,
            a_new_channel_starts_at_zero,
            the_numbers_are_what_a_channel_has_and_received,
            unpublished_videos_are_included,
        }
        $crate::contract_of_a_noun! { $fresh, file:
            a_reserved_file_is_due_when_its_time_has_come_and_not_before,
            several_files_are_reserved_in_one_step,
            due_files_come_longest_due_first_and_no_more_than_asked_for,
            a_released_file_is_due_now,
            a_released_file_cannot_be_claimed,
            releasing_a_claimed_file_leaves_it_alone,
            a_file_is_claimed_until_it_is_due_and_not_after,
            a_file_that_is_due_cannot_be_claimed_by_a_new_row,
            a_file_belongs_to_one_row,
            a_forgotten_file_is_due_no_more,
            a_postponed_file_is_due_later_with_one_more_attempt,
            a_file_whose_removal_was_tried_cannot_be_claimed,
            a_reservation_is_prolonged_while_it_lasts,
            what_is_not_reserved_is_not_prolonged,
            a_file_that_was_given_up_is_due_no_more,
            files_that_were_given_up_are_taken_up_again,
            many_files_that_were_given_up_are_all_taken_up_again,
            of_many_claims_of_one_file_exactly_one_succeeds,
            a_release_that_races_a_claim_leaves_each_file_owned_or_due,
        }
        $crate::contract_of_a_noun! { $fresh, file_access:
            a_file_that_nobody_knows_is_not_hidden,
            a_file_in_the_ledger_is_hidden,
            the_files_of_a_video_are_hidden_while_not_everybody_sees_it,
            files_are_hidden_and_shown_as_their_video_is_settled,
            a_replaced_still_of_a_hidden_video_and_the_new_one_are_hidden,
            pictures_of_accounts_are_not_hidden,
            a_mark_does_not_hide_a_file_and_does_not_show_it,
            a_name_that_begins_like_that_of_a_hidden_file_is_another,
            a_video_that_is_processing_is_found_by_the_name_of_its_film,
            a_video_is_found_by_its_film_only_while_it_is_processing,
            a_film_is_found_by_the_key_that_it_was_settled_to,
        }
        $crate::contract_of_a_noun! { $fresh, file_name:
            the_ledger_knows_a_file_by_any_mark,
            rows_claim_and_let_go_of_files_by_their_names,
            a_derived_still_is_no_file_of_the_ledger,
            the_ledger_is_listed_by_name_in_parts,
        }
        $crate::contract_of_a_noun! { $fresh, file_owner:
            nobody_owns_a_file_in_an_empty_store,
            every_file_that_a_row_owns_is_told_once,
            owned_files_are_told_with_their_marks,
            derived_stills_are_owned_by_nobody,
            a_file_that_a_row_let_go_of_is_not_owned,
            rows_that_come_and_go_do_not_disturb_a_walk_over_the_others,
        }
        $crate::contract_of_a_noun! { $fresh, together:
            visitors_at_once_each_see_what_is_theirs,
            readers_at_once_each_get_the_page_that_they_asked_for,
            whoever_goes_on_at_the_same_moment_goes_on_from_their_own_place,
            likes_at_once_are_each_answered_for_themselves,
            comments_while_their_video_is_hidden_are_written_or_refused,
            a_refusal_among_many_writes_at_once_refuses_nobody_else,
        }
        $crate::contract_of_a_noun! { $fresh, idempotency:
            a_key_that_was_never_noted_is_unknown,
            every_creation_notes_its_key,
            a_noted_key_refuses_every_further_creation_and_nothing_changes,
            a_creation_that_is_refused_leaves_no_note,
            a_note_is_known_until_its_end_and_then_gives_way,
            the_first_answer_stays,
            an_answer_keeps_every_byte,
            an_answer_without_its_note_is_not_kept,
            a_note_outlives_what_was_made,
            of_many_creations_with_one_key_exactly_one_succeeds,
            who_is_refused_because_of_a_key_finds_its_note,
            many_creations_with_keys_of_their_own_all_succeed,
            notes_that_are_over_are_removed_and_no_other,
        }
        $crate::contract_of_a_noun! { $fresh, lease:
            one_at_a_time_holds_a_lease,
            a_lease_that_is_over_goes_to_whoever_asks,
            a_holder_prolongs_its_lease,
            a_prolonged_lease_ends_by_its_last_life,
            a_refused_wish_prolongs_nothing,
            a_released_lease_is_free_at_once,
            nobody_releases_the_lease_of_another,
            leases_of_different_names_do_not_meet,
            of_many_at_once_exactly_one_gets_a_lease,
        }
        $crate::contract_of_a_noun! { $fresh, maintenance:
            a_store_that_is_open_answers,
            a_purge_goes_in_steps_that_each_keep_every_count_exact,
            nothing_is_purged_where_nothing_was_deleted,
            a_finished_purge_has_nothing_left,
            purges_at_once_do_not_disturb_each_other,
            sessions_that_ended_are_removed_and_no_other,
            remembered_views_from_before_are_forgotten_and_stay_counted,
            a_recount_of_a_sound_store_finds_and_changes_nothing,
            an_empty_store_needs_no_upkeep,
        }
        $crate::contract_of_a_noun! { $fresh, storm:
            a_storm_of_writes_leaves_no_count_drifted,
            a_recount_beside_writes_looks_at_one_consistent_state,
            after_a_storm_counts_equal_the_lists_that_they_count,
            after_a_storm_each_like_is_counted_once,
            after_a_storm_each_file_is_owned_or_due,
        }
    };
}

/// The tests of one noun; used by [`store_contract!`](crate::store_contract) alone.
#[doc(hidden)]
#[macro_export]
macro_rules! contract_of_a_noun {
    ($fresh:ident, $noun:ident: $($rule:ident,)*) => {
        mod $noun {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $rule() {
                    let (store, _guard) = super::$fresh().await;
                    $crate::test_support::contract::$noun::$rule(store).await;
                }
            )*
        }
    };
}

#[cfg(test)]
mod tests;
