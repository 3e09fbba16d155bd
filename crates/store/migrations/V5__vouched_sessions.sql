-- An identity provider opened the session and asked for a second factor by its own rules: over a restart too.
ALTER TABLE session ADD COLUMN vouched BOOLEAN NOT NULL DEFAULT FALSE;
