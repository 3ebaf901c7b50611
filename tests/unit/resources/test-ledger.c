/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include <sys/socket.h>

#include <dms.h>

#include "common/dms-json-object.h"
#include "resources/dms-ledger.h"
#include "resources/dms-onboarding.h"
#include "resources/dms-port-ledger.h"

typedef struct
{
  DmsStore *store;
  DmsLedger *ledger;
  DmsPortLedger *ports;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->store = dms_store_open (":memory:", &error);
  g_assert_no_error (error);
  f->ledger = dms_ledger_new (f->store);
  f->ports = dms_port_ledger_new (f->store, 1, 20010);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_object (&f->ports);
  g_clear_object (&f->ledger);
  g_clear_object (&f->store);
}

static DmsResources *
make (double cores, guint64 ram, guint64 disk, int gpu_index, guint64 vram)
{
  g_autoptr (DmsCpu) cpu = dms_cpu_new (cores, 0);
  g_autoptr (DmsRam) memory = dms_ram_new (ram, 0, NULL);
  g_autoptr (DmsDisk) space = dms_disk_new (disk);
  g_autoptr (GPtrArray) gpus = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_gpu_unref);

  if (gpu_index >= 0)
    g_ptr_array_add (gpus, dms_gpu_new ((guint) gpu_index, DMS_GPU_VENDOR_NVIDIA, NULL, NULL, NULL, vram));
  return dms_resources_new (cpu, memory, space, gpus);
}

static char *
free_text (DmsLedger *ledger)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsResources) free = dms_ledger_dup_free (ledger, &error);
  GPtrArray *gpus;

  g_assert_no_error (error);
  gpus = dms_resources_get_gpus (free);
  return g_strdup_printf ("%g %d %d %d",
                          dms_cpu_get_cores (dms_resources_get_cpu (free)),
                          (int) dms_ram_get_size_bytes (dms_resources_get_ram (free)),
                          (int) dms_disk_get_size_bytes (dms_resources_get_disk (free)),
                          gpus->len > 0 ? (int) dms_gpu_get_vram_bytes (g_ptr_array_index (gpus, 0)) : -1);
}

static void
assert_free (DmsLedger *ledger, const char *expected)
{
  g_autofree char *text = free_text (ledger);

  g_assert_cmpstr (text, ==, expected);
}

static gint64
soon (void)
{
  return g_get_real_time () + 60 * G_USEC_PER_SEC;
}

static void
count_up (DmsLedger *ledger, gpointer user_data)
{
  ++*(guint *) user_data;
}

static void
test_life (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsResources) all = make (4, 1000, 1000, 3, 80);
  g_autoptr (DmsResources) part = make (1.55, 100, 10, 0, 30);
  g_autoptr (DmsResources) held = NULL;
  g_autoptr (DmsResources) allocated = NULL;
  g_autoptr (GError) error = NULL;
  guint n_changes = 0;

  g_signal_connect (f->ledger, "changed", G_CALLBACK (count_up), &n_changes);
  g_assert_null (dms_ledger_dup_free (f->ledger, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_WRONG_STATE);
  g_clear_error (&error);
  g_assert_false (dms_ledger_commit (f->ledger, "a", part, soon (), &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_WRONG_STATE);
  g_clear_error (&error);

  g_assert_true (dms_ledger_set_onboarded (f->ledger, all, &error));
  assert_free (f->ledger, "4 1000 1000 80");
  g_assert_true (dms_ledger_commit (f->ledger, "a", part, soon (), &error));
  g_assert_no_error (error);
  assert_free (f->ledger, "2.45 900 990 50");
  g_assert_true (dms_ledger_is_committed (f->ledger, "a"));
  g_assert_false (dms_ledger_is_allocated (f->ledger, "a"));

  /* The job is told which device it has, whatever index it wrote. */
  held = dms_ledger_dup_reservation (f->ledger, "a", &error);
  g_assert_cmpuint (dms_gpu_get_index (g_ptr_array_index (dms_resources_get_gpus (held), 0)), ==, 3);

  g_assert_false (dms_ledger_commit (f->ledger, "a", part, soon (), &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_ALREADY_EXISTS);
  g_assert_nonnull (strstr (error->message, "resources already committed"));
  g_clear_error (&error);

  g_assert_true (dms_ledger_allocate (f->ledger, "a", &error));
  g_assert_true (dms_ledger_allocate (f->ledger, "a", &error));
  assert_free (f->ledger, "2.45 900 990 50");
  allocated = dms_ledger_dup_allocated (f->ledger, &error);
  g_assert_cmpfloat (dms_cpu_get_cores (dms_resources_get_cpu (allocated)), ==, 1.55);
  g_assert_false (dms_ledger_uncommit (f->ledger, "a", &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND);
  g_clear_error (&error);

  g_assert_true (dms_ledger_release (f->ledger, "a", &error));
  g_assert_true (dms_ledger_release (f->ledger, "a", &error));
  assert_free (f->ledger, "4 1000 1000 80");
  g_assert_false (dms_ledger_allocate (f->ledger, "a", &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND);
  g_assert_cmpuint (n_changes, ==, 5);
}

static void
test_too_much (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsResources) all = make (2, 100, 100, -1, 0);
  g_autoptr (DmsResources) most = make (2, 60, 100, -1, 0);
  g_autoptr (DmsResources) ram = make (0, 41, 0, -1, 0);
  g_autoptr (DmsResources) fits = make (0, 40, 0, -1, 0);
  g_autoptr (DmsResources) gpu = make (0, 1, 0, 0, 1);
  g_autoptr (GError) error = NULL;

  g_assert_true (dms_ledger_set_onboarded (f->ledger, all, &error));
  g_assert_true (dms_ledger_commit (f->ledger, "a", most, soon (), &error));
  g_assert_false (dms_ledger_commit (f->ledger, "b", ram, soon (), &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NO_RESOURCES);
  g_assert_nonnull (strstr (error->message, "no free resources: not enough RAM"));
  g_clear_error (&error);
  g_assert_false (dms_ledger_commit (f->ledger, "b", gpu, soon (), &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NO_RESOURCES);
  g_clear_error (&error);
  g_assert_true (dms_ledger_commit (f->ledger, "b", fits, soon (), &error));

  g_assert_false (dms_ledger_set_onboarded (f->ledger, most, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NO_RESOURCES);
  g_assert_nonnull (strstr (error->message, "Demand too high"));
  g_clear_error (&error);
  g_assert_false (dms_ledger_set_onboarded (f->ledger, NULL, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NO_RESOURCES);
  assert_free (f->ledger, "0 0 0 -1");
}

static void
test_expiry (Fixture *f, gconstpointer data)
{
  g_autoptr (DmsResources) all = make (2, 100, 100, -1, 0);
  g_autoptr (DmsResources) part = make (2, 60, 100, -1, 0);
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) expired = NULL;
  g_auto (GStrv) rest = NULL;
  g_auto (GStrv) holders = NULL;

  g_assert_true (dms_ledger_set_onboarded (f->ledger, all, &error));
  g_assert_true (dms_ledger_commit (f->ledger, "old", part, g_get_real_time () - 1, &error));
  /* Run out is free, cleared away or not, and cannot be allocated. */
  assert_free (f->ledger, "2 100 100 -1");
  g_assert_false (dms_ledger_is_committed (f->ledger, "old"));
  g_assert_false (dms_ledger_allocate (f->ledger, "old", &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_true (dms_ledger_commit (f->ledger, "new", part, soon (), &error));
  g_assert_no_error (error);

  expired = dms_ledger_expire_commits (f->ledger, g_get_real_time (), &error);
  g_assert_cmpuint (g_strv_length (expired), ==, 1);
  g_assert_cmpstr (expired[0], ==, "old");
  rest = dms_ledger_expire_commits (f->ledger, G_MAXINT64, &error);
  g_assert_cmpuint (g_strv_length (rest), ==, 1);
  holders = dms_ledger_list (f->ledger, &error);
  g_assert_cmpuint (g_strv_length (holders), ==, 0);
}

static guint16
take_socket (int *fd)
{
  g_autoptr (GError) error = NULL;
  guint16 port = 0;

  for (guint16 candidate = 20001; candidate <= 20010 && port == 0; candidate++)
    {
      g_autoptr (GInetAddress) any = g_inet_address_new_any (G_SOCKET_FAMILY_IPV4);
      g_autoptr (GSocketAddress) address = g_inet_socket_address_new (any, candidate);
      g_autoptr (GSocket) socket =
          g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, &error);
      if (g_socket_bind (socket, address, FALSE, NULL) && g_socket_listen (socket, NULL))
        {
          *fd = dup (g_socket_get_fd (socket));
          port = candidate;
        }
    }
  g_assert_cmpuint (port, !=, 0);
  return port;
}

static void
test_ports (Fixture *f, gconstpointer data)
{
  static const guint16 TWO[] = { 20003, 20004 };
  static const guint16 JOB_PORTS[] = { 80, 443 };
  static const guint16 LOW[] = { 1024 };
  g_autoptr (GArray) dynamic = NULL;
  g_autoptr (GArray) again = NULL;
  g_autoptr (GArray) listed = NULL;
  g_autoptr (GPtrArray) mappings = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) holders = NULL;
  guint16 first;

  g_assert_false (dms_port_ledger_check (f->ports, LOW, 1, 0, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_OUT_OF_RANGE);
  g_clear_error (&error);
  g_assert_false (dms_port_ledger_check (f->ports, NULL, 0, 60000, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE);
  g_clear_error (&error);

  dynamic = dms_port_ledger_take (f->ports, "a", TWO, JOB_PORTS, 2, 2, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (dynamic->len, ==, 2);
  first = g_array_index (dynamic, guint16, 0);
  g_assert_cmpuint (first, !=, g_array_index (dynamic, guint16, 1));

  /* All or nothing: one that is taken leaves the others free. */
  g_assert_null (dms_port_ledger_take (f->ports, "b", TWO, JOB_PORTS, 2, 1, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NO_RESOURCES);
  g_assert_nonnull (strstr (error->message, "ports are already allocated"));
  g_clear_error (&error);

  g_assert_true (dms_port_ledger_set_job_port (f->ports, "a", first, 22, &error));
  g_assert_false (dms_port_ledger_set_job_port (f->ports, "b", first, 22, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_FOUND);
  g_clear_error (&error);
  mappings = dms_port_ledger_list (f->ports, "a", &error);
  g_assert_cmpuint (mappings->len, ==, 3);
  listed = dms_port_ledger_list_dynamic (f->ports, "a", &error);
  g_assert_cmpuint (listed->len, ==, 2);
  holders = dms_port_ledger_list_holders (f->ports, &error);
  g_assert_cmpuint (g_strv_length (holders), ==, 1);

  g_assert_true (dms_port_ledger_release (f->ports, "b", &error));
  g_assert_false (dms_port_ledger_check (f->ports, TWO, 2, 0, &error));
  g_clear_error (&error);
  g_assert_true (dms_port_ledger_release (f->ports, "a", &error));
  again = dms_port_ledger_take (f->ports, "b", TWO, NULL, 2, 0, &error);
  g_assert_nonnull (again);
}

static void
test_used_port (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  int fd = -1;
  guint16 port = take_socket (&fd);

  g_assert_false (dms_port_ledger_check (f->ports, &port, 1, 0, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_NO_RESOURCES);
  g_clear_error (&error);
  close (fd);
  g_assert_true (dms_port_ledger_check (f->ports, &port, 1, 0, &error));
}

typedef struct
{
  GMainLoop *loop;
  gboolean done;
  gboolean offboarded;
  GError *error;
} Wait;

static void
onboarded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Wait *wait = user_data;

  wait->done = dms_onboarding_onboard_finish (DMS_ONBOARDING (source), result, &wait->error);
  g_main_loop_quit (wait->loop);
}

static void
rechecked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Wait *wait = user_data;

  wait->done =
      dms_onboarding_recheck_finish (DMS_ONBOARDING (source), result, &wait->offboarded, &wait->error);
  g_main_loop_quit (wait->loop);
}

static void
assert_onboard (DmsOnboarding *onboarding, DmsResources *asked, const char *gpus, const char *problem)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Wait wait = { .loop = loop };

  dms_onboarding_onboard_async (onboarding, asked, FALSE, gpus, NULL, onboarded, &wait);
  g_main_loop_run (loop);
  if (problem == NULL)
    {
      g_assert_no_error (wait.error);
      g_assert_true (wait.done);
      return;
    }
  g_assert_false (wait.done);
  g_assert_nonnull (wait.error);
  if (strstr (wait.error->message, problem) == NULL)
    g_error ("“%s” lacks “%s”", wait.error->message, problem);
  g_error_free (wait.error);
}

static gboolean
recheck (DmsOnboarding *onboarding)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Wait wait = { .loop = loop };

  dms_onboarding_recheck_async (onboarding, NULL, rechecked, &wait);
  g_main_loop_run (loop);
  g_assert_no_error (wait.error);
  g_assert_true (wait.done);
  return wait.offboarded;
}

static DmsInventory *
load (const char *machine)
{
  g_autofree char *root = g_build_filename (g_getenv ("DMS_TEST_DATA"), "machines", machine, NULL);
  DmsInventory *inventory = dms_inventory_new ("/", root);

  dms_inventory_set_nvml (inventory, NULL);
  return inventory;
}

/* 4 cores, 15.6 GiB of RAM of which 11.7 GiB are free, GPU 2 with 16.0 GiB. */
static void
test_onboarding (Fixture *f, gconstpointer data)
{
  const guint64 gib = 1024 * 1024 * 1024;
  g_autoptr (DmsInventory) workstation = load ("workstation");
  g_autoptr (DmsInventory) board = load ("arm-board");
  g_autoptr (DmsOnboarding) onboarding = dms_onboarding_new (workstation, f->ledger);
  g_autoptr (DmsOnboarding) moved = dms_onboarding_new (board, f->ledger);
  g_autoptr (DmsResources) good = make (4, 8 * gib, 1, -1, 0);
  g_autoptr (DmsResources) no_core = make (0.5, 8 * gib, 1, -1, 0);
  g_autoptr (DmsResources) many_cores = make (5, 8 * gib, 1, -1, 0);
  g_autoptr (DmsResources) little_ram = make (2, gib, 1, -1, 0);
  g_autoptr (DmsResources) much_ram = make (2, 15 * gib, 1, -1, 0);
  g_autoptr (DmsResources) used_ram = make (2, 13 * gib, 1, -1, 0);
  g_autoptr (DmsResources) much_disk = make (2, 8 * gib, G_MAXINT64 / 2, -1, 0);
  g_autoptr (DmsResources) part = make (1, gib, 0, -1, 0);
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_false (dms_onboarding_offboard (onboarding, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_WRONG_STATE);
  g_clear_error (&error);

  assert_onboard (onboarding, no_core, NULL, "CPU is out of range: 1 to 4 cores can be onboarded, got 0.5");
  assert_onboard (onboarding, many_cores, NULL, "CPU is out of range: 1 to 4 cores can be onboarded, got 5");
  assert_onboard (onboarding, little_ram, NULL, "RAM is out of range: 1.6");
  assert_onboard (onboarding, much_ram, NULL, "(10 % to 90 % of 15.6");
  assert_onboard (onboarding, used_ram, NULL, "machine has high usage: not enough free RAM available");
  assert_onboard (onboarding, much_disk, NULL, "disk is out of range");
  assert_onboard (onboarding, good, "9:8", "there is no GPU 9 on this machine");
  assert_onboard (onboarding, good, "2:15.9", "memory of GPU 2 is out of range");
  assert_onboard (onboarding, good, "0:1", "memory of GPU 0 is out of range");
  assert_onboard (onboarding, good, "2", "must be index:GiB pairs");
  assert_onboard (onboarding, good, "2:1,2:1", "must be index:GiB pairs");
  assert_onboard (onboarding, good, "2:nan", "must be index:GiB pairs");
  g_assert_false (dms_onboarding_is_onboarded (onboarding));

  assert_onboard (onboarding, good, "2:8", NULL);
  g_assert_true (dms_onboarding_is_onboarded (onboarding));
  node = dms_onboarding_to_json (onboarding);
  g_assert_true (dms_json_object_get_flag (json_node_get_object (node), "is_onboarded"));
  g_assert_nonnull (dms_json_object_get_text (json_node_get_object (node), "created_at"));

  g_assert_true (dms_ledger_commit (f->ledger, "a", part, soon (), &error));
  g_assert_false (dms_onboarding_offboard (onboarding, &error));
  g_assert_error (error, DMS_ERROR, DMS_ERROR_WRONG_STATE);
  g_assert_cmpstr (error->message,
                   ==,
                   "cannot offboard: 1 allocation is (“a”) on this machine; shut down what runs here first");
  g_clear_error (&error);
  g_assert_true (dms_ledger_release (f->ledger, "a", &error));

  /* A machine that has become smaller lends nothing. */
  g_assert_false (recheck (onboarding));
  g_assert_true (dms_onboarding_is_onboarded (onboarding));
  g_assert_true (recheck (moved));
  g_assert_false (dms_onboarding_is_onboarded (onboarding));

  assert_onboard (onboarding, good, NULL, NULL);
  g_assert_true (dms_onboarding_offboard (onboarding, &error));
  g_assert_false (dms_onboarding_is_onboarded (onboarding));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
  g_test_add ("/ledger/life", Fixture, NULL, set_up, test_life, tear_down);
  g_test_add ("/ledger/too-much", Fixture, NULL, set_up, test_too_much, tear_down);
  g_test_add ("/ledger/expiry", Fixture, NULL, set_up, test_expiry, tear_down);
  g_test_add ("/ledger/ports", Fixture, NULL, set_up, test_ports, tear_down);
  g_test_add ("/ledger/used-port", Fixture, NULL, set_up, test_used_port, tear_down);
  g_test_add ("/ledger/onboarding", Fixture, NULL, set_up, test_onboarding, tear_down);
  return g_test_run ();
}
