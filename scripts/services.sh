#!/bin/sh
# The servers that tests of memory start themselves: PostgreSQL 15 without pgvector, and PgBouncer, from Debian.
# Quick when they are there. Without root or apt nothing is installed: those tests are skipped, and counted.
set -u
postgres=/usr/lib/postgresql/15/bin/postgres
if [ -x "$postgres" ] && { command -v pgbouncer || [ -x /usr/sbin/pgbouncer ]; } >/dev/null 2>&1; then
	exit 0
fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
	echo "postgresql-15 and pgbouncer are not installed: tests that need them are skipped." >&2
	exit 0
fi
export DEBIAN_FRONTEND=noninteractive
# A cluster of Debian's own is neither made nor started.
mkdir -p /etc/postgresql-common
[ -e /etc/postgresql-common/createcluster.conf ] ||
	echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
install() { apt-get install -y -q --no-install-recommends postgresql-15 pgbouncer >/dev/null 2>&1; }
install || { apt-get update -q >/dev/null 2>&1 && install; } ||
	echo "postgresql-15 and pgbouncer cannot be installed: tests that need them are skipped." >&2
exit 0
