/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <dms.h>
#include <malloc.h>
#include <sqlite3.h>

#include "cli/dms-cli-identity.h"
#include "cli/dms-cli-verbs.h"
#include "daemon/dms-daemon.h"

/* A stream takes and frees buffers of tens of KiB many thousand times a second. The C library would give
 * their pages back, and ask for them again, each time (mallopt(3); 128 KiB are the usual for both): a quarter
 * of what it costs to receive. What may stay instead is no more than this. */
#define HEAP_TOP      (1024 * 1024)
#define OWN_PAGES_MIN (1024 * 1024)

/* Of the whole process, so before anything of the daemon. */
static void
set_memory_up (void)
{
#ifdef M_TRIM_THRESHOLD
  mallopt (M_TRIM_THRESHOLD, HEAP_TOP);
  mallopt (M_MMAP_THRESHOLD, OWN_PAGES_MIN);
#endif
  /* SQLite would touch 20 pages for each of its caches at once; so it takes each when there is something to
   * keep. */
  sqlite3_config (SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
}

/* A node signs every message it sends, and nobody could answer for each of them. */
static gboolean
check_context (const char *context, GError **error)
{
  if (!dms_cli_call_is_openpgp (context))
    return TRUE;
  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_NOT_SUPPORTED,
               _ ("a node cannot run as “%s”: it signs every message by itself, so it needs a key file of "
                  "its own; "
                  "let it trust you with: nunet cap anchor -c dms --root \"$(nunet key did %s)\""),
               context,
               context);
  return FALSE;
}

static gboolean
run (DmsCliCall *call, GError **error)
{
  const char *context = dms_cli_call_get_string (call, "context");
  DmsConfig *config = dms_cli_call_get_config (call, error);
  g_autoptr (DmsDaemon) daemon = NULL;
  g_autoptr (DmsKey) key = NULL;

  if (config == NULL || !check_context (context, error))
    return FALSE;

  set_memory_up ();
  daemon = dms_daemon_new (config, context);
  if (!dms_daemon_prepare (daemon, error))
    return FALSE;

  key = dms_cli_identity_load_key (call, context, error);
  if (key == NULL || !dms_daemon_run (daemon, key, error))
    return FALSE;

  /* Service managers of the field expect exit status 1 after a signal. */
  g_set_error (error, DMS_ERROR, DMS_ERROR_CANCELLED, _ ("stopped by a signal"));
  return FALSE;
}

static const DmsCliFlag flags[] = {
  { "context",
    'c',
    DMS_CLI_FLAG_STRING,
    FALSE,
    "dms",
    "name",
    N_ ("key and capability context of the daemon") },
  { "pprof",
    0,
    DMS_CLI_FLAG_BOOL,
    FALSE,
    NULL,
    NULL,
    N_ ("accepted for compatibility; there is no profiling server") },
  { "pprof-addr", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "ip", N_ ("accepted for compatibility") },
  { "pprof-port", 0, DMS_CLI_FLAG_UINT, FALSE, NULL, "port", N_ ("accepted for compatibility") },
  { NULL },
};

const DmsCliVerb dms_verb_run = {
  .path = "run",
  .summary = N_ ("run the service in the foreground"),
  .description = N_ ("Runs this machine's node: it answers on REST for the commands of this program, bids "
                     "for the jobs of "
                     "others if the machine is onboarded, and supervises the jobs it runs and those it has "
                     "deployed.\n\n"
                     "The key's passphrase is taken from DMS_PASSPHRASE or asked for. SIGINT and SIGTERM "
                     "stop the node "
                     "orderly: jobs go on running and are taken up at the next start. SIGUSR1 reads the "
                     "capability file "
                     "again."),
  .examples = "  # once: the node's identity\n"
              "  nunet key new dms && nunet cap new dms\n"
              "  # from then on\n"
              "  nunet run\n",
  .flags = flags,
  .run = run,
};
