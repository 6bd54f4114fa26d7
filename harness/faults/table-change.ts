// Changing a table that is in use needs its exclusive lock, and whoever waits for it makes everybody behind it wait. So the
// wait is short and tried again: the server's own statements pass in between.

const TRIES = 40
const LOCK_MS = 400

/** One statement that carries these out together: at most 16 s, of which it blocks others for 0.4 s at a time. */
export function withLockTimeout(statements: readonly string[]): string {
  const body = statements.map((statement) => `execute $stampede$${statement}$stampede$;`).join('\n      ')
  return `do $do$
begin
  perform set_config('lock_timeout', '${LOCK_MS}ms', true);
  for attempt in 1 .. ${TRIES} loop
    begin
      ${body}
      return;
    exception when lock_not_available then
      if attempt = ${TRIES} then raise; end if;
    end;
  end loop;
end $do$`
}
