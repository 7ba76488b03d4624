-- title: Columns that hold secrets are not readable by everybody
-- group: No security gaps
-- level: FAIL
-- needs: role anon, role authenticated
-- examines: columns named for a secret, in exposed schemas
-- why: A password hash, token, key or identity number that every visitor or every user can read is
--   public.
-- mend: Move it to a schema that is not exposed; or revoke select on the column, or narrow the
--   policy.
-- note: Judged by the column's name, split at _ and at capitals; readable means: row-level security
--   is off, or a select policy for the role is always true.
with
examined as (
  select t.oid, t.schema, t.name, t.rls, a.attname, a.attnum
  from tables t
  join pg_attribute a on a.attrelid = t.oid
  cross join lateral (
    select lower(regexp_replace(a.attname::text, '([a-z0-9])([A-Z])', '\1_\2', 'g')) as words
  ) spelled
  where t.exposed
    and a.attnum > 0
    and not a.attisdropped
    and spelled.words ~ concat(
      '(^|_)(',
      'passwords?|passwd|pwd|passphrase|pin|pin_code|secrets?|token|credentials?|otp|totp|mfa|',
      'api_?key|access_key|private_key|secret_key|encryption_key|recovery_codes?|',
      'credit_card|card_number|card_no|cvv|cvc|iban|bank_account|account_number|routing_number|',
      'ssn|social_security|national_id|passport|tax_id|driver_licen[cs]e|medical_record|diagnosis',
      ')($|_(hash|hashed|number|no|value|enc|encrypted|digest|salt|text|code|id)$|_?[0-9]*$)'
    )
    and spelled.words !~ '(_count|_total|_limit|_at|_type|_kind|_name|_hint)$'
)
select
  format('%s.%I', c.name, c.attname) as object,
  'not readable by everybody' as expected,
  format(
    'read by %s (%s)',
    string_agg(role.name, ', ' order by role.name collate "C"),
    case when c.rls then 'an always true policy' else 'no row-level security' end
  ) as observed
from examined c
join api_roles role
  on has_schema_privilege(role.oid, c.schema, 'usage')
  and has_column_privilege(role.oid, c.oid, c.attnum, 'select')
where not c.rls
  or (c.oid, role.oid) in (
    select f.relation, f.role
    from faced f
    where f.permissive and f.command = 'select' and f.always
  )
group by c.name, c.attname, c.rls;
