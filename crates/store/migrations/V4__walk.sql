-- Each event of a conversation names the one before it, so that a message writes no index entry in a place of its
-- own. Only what is about something else still needs the index.
ALTER TABLE event ADD COLUMN prev BIGINT;
UPDATE event SET prev = coalesce((
    SELECT max(earlier.seq) FROM event AS earlier
    WHERE earlier.on_id = event.on_id AND earlier.seq < event.seq AND earlier.on_kind = 1), 0)
WHERE on_kind = 1;
DROP INDEX event_on;
CREATE INDEX event_on ON event (on_id, seq) WHERE on_kind <> 1;
