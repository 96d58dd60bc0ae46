-- A kill switch for one build of a game (7). Its name is the game, a unit separator and the build.

ALTER TABLE suspension DROP CONSTRAINT suspension_scope_check, ADD CONSTRAINT suspension_scope_check CHECK (scope BETWEEN 1 AND 7);
