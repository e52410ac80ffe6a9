-- Services that were removed. Their ids are given to no other service, since customers order by them.
CREATE TABLE removed_service (
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    removed_at INTEGER NOT NULL
) STRICT;
