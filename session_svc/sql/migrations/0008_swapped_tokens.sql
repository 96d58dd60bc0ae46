-- Providers that swap the token of a launch for another one.

CREATE TABLE token_swap (
    launch_digest bytea PRIMARY KEY CHECK (length(launch_digest) = 32),
    session_id uuid NOT NULL REFERENCES session,
    play_digest bytea NOT NULL CHECK (length(play_digest) = 32),
    play_sealed bytea NOT NULL,
    swap_key text COLLATE "C" NOT NULL,
    swapped_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    CONSTRAINT token_swap_ends_after_it_began CHECK (ends_at >= swapped_at)
);
COMMENT ON TABLE token_swap IS 'Launch tokens that were swapped, once each, and what for. Nothing here ever changes.';
CREATE UNIQUE INDEX token_swap_of_play ON token_swap (play_digest);

CREATE TABLE token_relaunch (
    replaces bytea PRIMARY KEY REFERENCES token_swap,
    session_id uuid NOT NULL REFERENCES session,
    launch_digest bytea NOT NULL CHECK (length(launch_digest) = 32),
    launch_sealed bytea NOT NULL
);
COMMENT ON TABLE token_relaunch IS 'What a session is launched with again, after its launch token was swapped. Nothing here ever changes.';
CREATE UNIQUE INDEX token_relaunch_of_token ON token_relaunch (launch_digest);
CREATE INDEX token_relaunch_of_session ON token_relaunch (session_id);
