-- What a caller's own SQL must not reach. With set_config a statement changes its own tenant half-way and reads another's rows;
-- advisory locks taken for the session outlive the transaction on a pooled connection.
revoke execute on function pg_catalog.set_config(text, text, boolean) from public;
revoke execute on function pg_catalog.pg_advisory_lock(bigint) from public;
revoke execute on function pg_catalog.pg_advisory_lock(integer, integer) from public;
revoke execute on function pg_catalog.pg_advisory_lock_shared(bigint) from public;
revoke execute on function pg_catalog.pg_advisory_lock_shared(integer, integer) from public;
revoke execute on function pg_catalog.pg_try_advisory_lock(bigint) from public;
revoke execute on function pg_catalog.pg_try_advisory_lock(integer, integer) from public;
revoke execute on function pg_catalog.pg_try_advisory_lock_shared(bigint) from public;
revoke execute on function pg_catalog.pg_try_advisory_lock_shared(integer, integer) from public;
revoke execute on function pg_catalog.pg_notify(text, text) from public;
