-- The token "published", which nearly every video had, made each search walk through nearly every video. From here on the
-- few that their owners alone see have the token "hidden", which a search takes away. Old tokens do no harm and go when
-- a video changes. folded() is the domain's, which splits and folds words.
INSERT OR REPLACE INTO video_words (rowid, title, description, scope)
SELECT seq, folded(title), folded(description), 'o' || lower(hex(owner)) || ' hidden' FROM videos WHERE state = 0;
