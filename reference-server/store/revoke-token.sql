-- Makes a token worthless everywhere within a second. $1 its jti, $2 who says so, $3 seconds that any token lives at most.
insert into desk.revoked_tokens (id, revoked_by, expires_at) values ($1, $2, now() + make_interval(secs => $3))
on conflict (id) do nothing
