#!/usr/bin/env bash
# Start-up contract of the official image, as documented at https://hub.docker.com/_/postgres: *_FILE variables, dropping
# root, one initialisation of an empty data directory with the scripts of /docker-entrypoint-initdb.d, refusing old clusters.
set -Eeuo pipefail

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# NAME [DEFAULT]: exports NAME from itself, from the file that NAME_FILE names, or from DEFAULT.
file_env() {
  local name=$1 file_name=${1}_FILE value=${2:-}
  if [[ -n ${!name:-} && -n ${!file_name:-} ]]; then
    fail "both $name and $file_name are set (but are exclusive)"
  fi
  if [[ -n ${!name:-} ]]; then
    value=${!name}
  elif [[ -n ${!file_name:-} ]]; then
    value=$(<"${!file_name}")
  fi
  export "$name"="$value"
  unset "$file_name"
}

load_settings() {
  file_env POSTGRES_PASSWORD
  file_env POSTGRES_USER postgres
  file_env POSTGRES_DB "$POSTGRES_USER"
  file_env POSTGRES_INITDB_ARGS
  : "${POSTGRES_HOST_AUTH_METHOD:=}"
}

prepare_directories() {
  mkdir -p "$PGDATA"
  chmod 0700 "$PGDATA" || true
  mkdir -p /var/run/postgresql || true
  chmod 03775 /var/run/postgresql || true
  if [[ $(id -u) == 0 ]]; then
    find "$PGDATA" /var/run/postgresql ! -user postgres -exec chown postgres {} +
  fi
}

# From 18 on the volume is the parent directory; data in one of the old places would silently be left behind.
refuse_old_clusters() {
  [[ $PG_MAJOR -ge 18 && $PGDATA == "/var/lib/postgresql/$PG_MAJOR/docker" ]] || return 0
  local place found=()
  for place in /var/lib/postgresql /var/lib/postgresql/data /var/lib/postgresql/*/docker; do
    if [[ -s $place/PG_VERSION ]]; then found+=("$place"); fi
  done
  if [[ ${#found[@]} == 0 ]] && mountpoint -q /var/lib/postgresql/data; then
    found+=('/var/lib/postgresql/data (unused mount/volume)')
  fi
  if [[ ${#found[@]} -gt 0 ]]; then
    fail "in 18+, the data is kept in $PGDATA, but there is PostgreSQL data in: ${found[*]}"
  fi
}

require_password() {
  if [[ -z $POSTGRES_PASSWORD && $POSTGRES_HOST_AUTH_METHOD != trust ]]; then
    fail 'database is uninitialized and superuser password is not specified: set POSTGRES_PASSWORD'
  fi
}

create_cluster() {
  # The arguments come as one string, with shell quoting inside, as in the official image.
  eval "initdb --username=\"\$POSTGRES_USER\" --pwfile=<(printf '%s\n' \"\$POSTGRES_PASSWORD\") $POSTGRES_INITDB_ARGS"
  local method=${POSTGRES_HOST_AUTH_METHOD:-$(postgres -C password_encryption)}
  printf '\nhost all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"
}

sql_client() {
  PGHOST='' PGHOSTADDR='' psql -v ON_ERROR_STOP=1 --no-psqlrc --no-password --username "$POSTGRES_USER" "$@"
}

# Part of the contract: sourced scripts call it.
docker_process_sql() {
  sql_client --dbname "$POSTGRES_DB" "$@"
}

create_database() {
  local exists
  exists=$(sql_client --dbname postgres --tuples-only --set db="$POSTGRES_DB" \
    <<<"SELECT 1 FROM pg_database WHERE datname = :'db';")
  if [[ -z $exists ]]; then
    sql_client --dbname postgres --set db="$POSTGRES_DB" <<<'CREATE DATABASE :"db";'
  fi
}

run_init_scripts() {
  local script
  for script; do
    case $script in
      *.sh)
        if [[ -x $script ]]; then
          echo "running $script"
          "$script"
        else
          echo "sourcing $script"
          # shellcheck disable=SC1090
          . "$script"
        fi
        ;;
      *.sql)
        echo "running $script"
        docker_process_sql -f "$script"
        ;;
      *) echo "ignoring $script" ;;
    esac
  done
}

initialise() {
  require_password
  refuse_old_clusters
  ls /docker-entrypoint-initdb.d/ >/dev/null
  create_cluster
  export PGPASSWORD=${PGPASSWORD:-$POSTGRES_PASSWORD}
  # No TCP yet: nobody may connect, and no health check over TCP may pass, before the scripts are done.
  PGUSER=$POSTGRES_USER pg_ctl -D "$PGDATA" -o "-c listen_addresses='' -p ${PGPORT:-5432}" -w start
  create_database
  run_init_scripts /docker-entrypoint-initdb.d/*
  PGUSER=$POSTGRES_USER pg_ctl -D "$PGDATA" -m fast -w stop
  unset PGPASSWORD
  echo 'PostgreSQL init process complete; ready for start up.'
}

main() {
  if [[ ${1:-} == -* ]]; then set -- postgres "$@"; fi
  if [[ ${1:-} == postgres ]]; then
    load_settings
    prepare_directories
    if [[ $(id -u) == 0 ]]; then
      exec setpriv --reuid=postgres --regid=postgres --init-groups "${BASH_SOURCE[0]}" "$@"
    fi
    if [[ ! -s $PGDATA/PG_VERSION ]]; then initialise; fi
  fi
  exec "$@"
}

main "$@"
