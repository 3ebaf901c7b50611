/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* Measures actor messages against libsodium's own rate in the same run. Prints one JSON object a figure.
 * Usage: bench-actor one-core|all-cores [FIGURE]  On one core it counts processor time, which other programs
 * do not take away; on all of them time on the wall, beside as many threads that do nothing but verify.
 * Rounds of both alternate, and medians are reported. */

#include <dms.h>
#include <malloc.h>
#include <sched.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "actor/dms-actor-registry.h"
#include "bench-transport.h"

#define N_ROUNDS         9
#define N_MESSAGES       400
#define N_MEMORY         10000
/* So many messages are under way at a time. */
#define WINDOW           64
#define PAYLOAD_SIZE     1024
#define BEHAVIOUR        "/bench/echo"
#define QUIET_BEHAVIOUR  "/bench/quiet"

typedef struct
{
  GMainLoop *loop;
  gboolean one_core;
  guint n_cores;

  DmsKey *node_key;
  DmsKey *peer_key;
  DmsCapabilityContext *organisation;
  DmsSecurityContext *node;
  /* Reuses tokens; makes new ones for every message. */
  DmsSecurityContext *user;
  DmsSecurityContext *field_user;
  DmsHandle *user_handle;
  DmsHandle *field_handle;

  BenchTransport *transport;
  DmsActorRegistry *registry;
  DmsActor *root;

  GPtrArray *messages;
  guint brought;
  guint ended;
  gboolean wants_reply;

  gsize signed_size;
  double verify_us;
  double sign_us;
} Bench;

/* Figures */

/* @reference: what libsodium alone reaches, in the same unit; 0: it is not compared with that. */
static void
print_figure (const char *name, double value, const char *unit, const char *against, double limit,
              gboolean more_is_better, double reference)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  g_autofree char *text = NULL;
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "name", name);
  json_object_set_double_member (object, "value", value);
  json_object_set_string_member (object, "unit", unit);
  json_object_set_string_member (object, "against", against);
  json_object_set_double_member (object, "limit", limit);
  json_object_set_boolean_member (object, "more_is_better", more_is_better);
  json_object_set_double_member (object, "reference", reference);
  json_node_take_object (node, object);
  text = json_to_string (node, FALSE);
  printf ("%s\n", text);
  fflush (stdout);
}

static double
now_us (Bench *bench)
{
  struct timespec time;

  clock_gettime (bench->one_core ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &time);
  return (double) time.tv_sec * 1e6 + (double) time.tv_nsec / 1e3;
}

static int
compare_doubles (gconstpointer a, gconstpointer b)
{
  double first = *(const double *) a;
  double second = *(const double *) b;

  return first < second ? -1 : first > second;
}

static double
median (double *values, guint n)
{
  qsort (values, n, sizeof *values, compare_doubles);
  return values[n / 2];
}

/* libsodium by itself */

typedef struct
{
  guint8 *message;
  gsize size;
  guint8 signature[crypto_sign_BYTES];
  guint8 public_key[crypto_sign_PUBLICKEYBYTES];
  guint8 secret_key[crypto_sign_SECRETKEYBYTES];
} Sodium;

static gpointer
verify_many (gpointer data)
{
  Sodium *sodium = data;

  for (guint i = 0; i < N_MESSAGES; i++)
    g_assert_cmpint (
        crypto_sign_verify_detached (sodium->signature, sodium->message, sodium->size,
                                     sodium->public_key), ==, 0);
  return NULL;
}

/* Microseconds of one verification: on all cores, of one of those that run at the same time, divided by
 * them. */
static double
measure_verify (Bench *bench, Sodium *sodium)
{
  double begin = now_us (bench);
  GThread *threads[64];
  guint n = bench->one_core ? 0 : MIN (bench->n_cores, G_N_ELEMENTS (threads));

  for (guint i = 0; i < n; i++)
    threads[i] = g_thread_new ("verify", verify_many, sodium);
  for (guint i = 0; i < n; i++)
    g_thread_join (threads[i]);
  if (n == 0)
    verify_many (sodium);
  return (now_us (bench) - begin) / N_MESSAGES / MAX (n, 1);
}

static double
measure_sign (Bench *bench, Sodium *sodium)
{
  double begin = now_us (bench);

  for (guint i = 0; i < N_MESSAGES; i++)
    crypto_sign_detached (sodium->signature, NULL, sodium->message, sodium->size, sodium->secret_key);
  return (now_us (bench) - begin) / N_MESSAGES;
}

/* Who is who */

static DmsTokenList *
delegate (DmsCapabilityContext *from, DmsDid *to)
{
  static const char *const capabilities[] = { "/bench", NULL };
  g_autoptr (GError) error = NULL;
  DmsTokenList *tokens =
      dms_capability_context_delegate (from, to, NULL, NULL, capabilities, 0, 0, DMS_SELF_SIGN_NO, &error);

  g_assert_no_error (error);
  return tokens;
}

/* An organisation that the node trusts lets a team use it, the team lets a user: with the user's own
 * invocation a chain of three. */
static DmsSecurityContext *
new_user (Bench *bench)
{
  static const char *const capabilities[] = { "/bench", NULL };
  g_autoptr (DmsKey) team_key = dms_key_generate ();
  g_autoptr (DmsKey) user_key = dms_key_generate ();
  g_autoptr (DmsKey) actor_key = dms_key_generate ();
  g_autoptr (DmsCapabilityContext) team = dms_capability_context_new (dms_key_get_did (team_key), team_key);
  g_autoptr (DmsCapabilityContext) user = dms_capability_context_new (dms_key_get_did (user_key), user_key);
  g_autoptr (DmsTokenList) to_team = NULL;
  g_autoptr (DmsTokenList) to_user = NULL;
  g_autoptr (GError) error = NULL;

  to_team = dms_capability_context_grant (bench->organisation, dms_key_get_did (team_key), NULL, NULL,
                                          capabilities, dms_actor_expiry_in (36000), 0, &error);
  g_assert_no_error (error);
  dms_capability_context_anchor_provide (team, to_team, &error);
  g_assert_no_error (error);
  to_user = delegate (team, dms_key_get_did (user_key));
  dms_capability_context_anchor_provide (user, to_user, &error);
  g_assert_no_error (error);
  return dms_security_context_new (actor_key, user);
}

static DmsHandle *
new_handle (Bench *bench, DmsSecurityContext *user)
{
  return dms_handle_new (dms_security_context_get_actor_id (user), dms_security_context_get_did (user),
                         dms_peer_id_get_text (dms_key_get_peer_id (bench->peer_key)), "user-1");
}

static void
build_contexts (Bench *bench)
{
  g_autoptr (DmsKey) organisation_key = dms_key_generate ();
  g_autoptr (DmsCapabilityContext) node = NULL;
  g_autoptr (GError) error = NULL;

  bench->node_key = dms_key_generate ();
  bench->peer_key = dms_key_generate ();
  bench->organisation = dms_capability_context_new (dms_key_get_did (organisation_key), organisation_key);
  node = dms_capability_context_new (dms_key_get_did (bench->node_key), bench->node_key);
  dms_capability_context_anchor_root (node, dms_key_get_did (organisation_key), &error);
  g_assert_no_error (error);
  bench->node = dms_security_context_new (bench->node_key, node);
  bench->user = new_user (bench);
  dms_capability_context_keep_issued (dms_security_context_get_capabilities (bench->user));
  bench->field_user = new_user (bench);
  bench->user_handle = new_handle (bench, bench->user);
  bench->field_handle = new_handle (bench, bench->field_user);
}

/* The node */

static void
bring_next (Bench *bench)
{
  if (bench->brought < bench->messages->len)
    bench_transport_bring (bench->transport, "root", g_ptr_array_index (bench->messages, bench->brought++));
}

static void
note_end (Bench *bench)
{
  if (++bench->ended == bench->messages->len)
    g_main_loop_quit (bench->loop);
  else
    bring_next (bench);
}

static void
on_echo (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  dms_message_reply_bytes (message, dms_envelope_get_payload (dms_message_get_envelope (message)));
}

static void
on_quiet (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  note_end (user_data);
}

static void
on_sent (GBytes *bytes, gpointer user_data)
{
  note_end (user_data);
}

static void
start_node (Bench *bench)
{
  g_autoptr (GError) error = NULL;

  bench->transport = bench_transport_new (dms_key_get_peer_id (bench->node_key),
                                          dms_key_get_peer_id (bench->peer_key), on_sent, bench);
  bench->registry = dms_actor_registry_new (DMS_TRANSPORT (bench->transport));
  bench->root = dms_actor_new (bench->registry, "root", bench->node);
  dms_actor_add_behaviour (bench->root, BEHAVIOUR, DMS_BEHAVIOUR_REQUIRE, on_echo, bench, NULL);
  dms_actor_add_behaviour (bench->root, QUIET_BEHAVIOUR, DMS_BEHAVIOUR_REQUIRE, on_quiet, bench, NULL);
  g_assert_true (dms_actor_start (bench->root, &error));
}

/* Messages */

static GBytes *
seal (Bench *bench, DmsSecurityContext *user, DmsHandle *from, const char *behaviour, guint number)
{
  g_autofree char *text = g_strnfill (PAYLOAD_SIZE - 2, 'x');
  g_autofree char *json = g_strdup_printf ("\"%s\"", text);
  g_autofree char *reply = g_strdup_printf ("/private/user-1/abc/%u", number);
  g_autoptr (GBytes) payload = g_bytes_new (json, strlen (json));
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsEnvelope) envelope = NULL;

  envelope = dms_security_context_seal (user, 0, from, dms_actor_get_handle (bench->root), behaviour, payload,
                                        dms_actor_expiry_in (600), reply, "/private/user-1/abc", NULL, NULL,
                                        &error);
  g_assert_no_error (error);
  return dms_envelope_to_bytes (envelope);
}

static void
seal_warm (Bench *bench, guint n)
{
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (bench->messages, seal (bench, bench->user, bench->user_handle,
                                            bench->wants_reply ? BEHAVIOUR : QUIET_BEHAVIOUR, i));
}

static void
seal_field (Bench *bench, guint n)
{
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (bench->messages, seal (bench, bench->field_user, bench->field_handle,
                                            bench->wants_reply ? BEHAVIOUR : QUIET_BEHAVIOUR, i));
}

/* Nobody that was ever seen before. */
static void
seal_cold (Bench *bench, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (DmsSecurityContext) user = new_user (bench);
      g_autoptr (DmsHandle) handle = new_handle (bench, user);

      g_ptr_array_add (bench->messages,
                       seal (bench, user, handle, bench->wants_reply ? BEHAVIOUR : QUIET_BEHAVIOUR, i));
    }
}

/* Brings all of them and waits for their end: the microseconds of one. */
static double
run_messages (Bench *bench)
{
  double begin = now_us (bench);

  bench->brought = 0;
  bench->ended = 0;
  for (guint i = 0; i < WINDOW; i++)
    bring_next (bench);
  g_main_loop_run (bench->loop);
  return (now_us (bench) - begin) / bench->messages->len;
}

typedef void (*SealFunc) (Bench *bench, guint n);

/* Alternates messages with libsodium and returns the median of a message. The reference is fresh as well. */
static double
measure (Bench *bench, SealFunc seal_many, gboolean wants_reply)
{
  double message[N_ROUNDS];
  double verify[N_ROUNDS];
  double sign[N_ROUNDS];
  g_autofree guint8 *text = g_malloc0 (bench->signed_size);
  Sodium sodium = { .message = text, .size = bench->signed_size };

  crypto_sign_keypair (sodium.public_key, sodium.secret_key);
  bench->wants_reply = wants_reply;
  for (guint i = 0; i < N_ROUNDS; i++)
    {
      g_ptr_array_set_size (bench->messages, 0);
      seal_many (bench, N_MESSAGES);
      sign[i] = measure_sign (bench, &sodium);
      verify[i] = measure_verify (bench, &sodium);
      message[i] = run_messages (bench);
    }
  bench->verify_us = median (verify, N_ROUNDS);
  bench->sign_us = median (sign, N_ROUNDS);
  return median (message, N_ROUNDS);
}

static void
report_rate (Bench *bench, const char *name, double message_us, double factor, double reference_us,
             const char *reference)
{
  g_autofree char *against = g_strdup_printf ("%.2g of libsodium's rate of %s over %zu bytes, %.1f µs; "
                                              "measured %.2f of it, %.1f µs a message",
                                              factor, reference, bench->signed_size,
                                              reference_us, reference_us / message_us, message_us);

  print_figure (name, 1e6 / message_us, "messages/s", against, factor * 1e6 / reference_us, TRUE,
                1e6 / reference_us);
}

/* What one kind of message is measured against: so many verifications and so many signatures. */
typedef struct
{
  const char *name;
  SealFunc seal;
  gboolean wants_reply;
  double factor;
  guint n_verifications;
  guint n_signatures;
  const char *reference;
} RateFigure;

static const RateFigure one_core_figures[] = {
  { "actor.warm", seal_warm, TRUE, 0.8, 1, 0, "one verification" },
  { "actor.warm_signed", seal_warm, TRUE, 0.8, 1, 1, "one verification and, for the reply, one signature" },
  { "actor.warm_no_reply", seal_warm, FALSE, 0.8, 1, 0, "one verification" },
  { "actor.field", seal_field, FALSE, 0.8, 2, 0, "two verifications" },
  { "actor.field_signed", seal_field, TRUE, 0.8, 2, 3,
    "two verifications and, for the reply and its two new tokens, three signatures" },
  { "actor.cold", seal_cold, FALSE, 0.8, 4, 0, "four verifications" },
};

static const RateFigure all_cores_figures[] = {
  { "actor.cores", seal_warm, FALSE, 0.9, 1, 0, "one verification, by a thread on each core," },
  { "actor.cores_signed", seal_warm, TRUE, 0.9, 1, 1,
    "one verification and one signature, by a thread on each core," },
  { "actor.cores_field", seal_field, FALSE, 0.8, 2, 0, "two verifications, by a thread on each core," },
};

/* All threads verify; only the loop's signs. */
static double
get_reference_us (Bench *bench, const RateFigure *figure)
{
  double verify_us = figure->n_verifications * bench->verify_us;
  double sign_us = figure->n_signatures * bench->sign_us;

  return bench->one_core ? verify_us + sign_us : MAX (sign_us, verify_us + sign_us / bench->n_cores);
}

static void
measure_rate (Bench *bench, const RateFigure *figure)
{
  double message_us = measure (bench, figure->seal, figure->wants_reply);

  report_rate (bench, figure->name, message_us, figure->factor, get_reference_us (bench, figure),
               figure->reference);
}

/* @only: (nullable): the name of the one to measure, for a profiler. */
static void
measure_rates (Bench *bench, const RateFigure *figures, guint n_figures, const char *only)
{
  for (guint i = 0; i < n_figures; i++)
    if (only == NULL || g_str_equal (only, figures[i].name))
      measure_rate (bench, &figures[i]);
}

/* Everything else */

static void
measure_codec (Bench *bench)
{
  g_autoptr (GBytes) bytes = seal (bench, bench->user, bench->user_handle, BEHAVIOUR, 1);
  double taken[N_ROUNDS];

  for (guint round = 0; round < N_ROUNDS; round++)
    {
      double begin = now_us (bench);

      for (guint i = 0; i < N_MESSAGES; i++)
        {
          g_autoptr (GError) error = NULL;
          g_autoptr (DmsEnvelope) envelope = dms_envelope_new_from_bytes (bytes, &error);
          g_autoptr (GBytes) again = NULL;

          g_assert_no_error (error);
          again = dms_envelope_to_bytes (envelope);
          g_assert_cmpuint (g_bytes_get_size (bytes), ==, g_bytes_get_size (again));
        }
      taken[round] = (now_us (bench) - begin) / N_MESSAGES;
    }
  print_figure ("actor.codec", median (taken, N_ROUNDS) * 2048 / (double) g_bytes_get_size (bytes),
                "µs a 2 KiB", "reading and writing; the target of 20 µs", 20, FALSE, 0);
}

static gsize
get_resident_bytes (void)
{
  g_autofree char *text = NULL;
  unsigned long pages = 0;

  malloc_trim (0);
  if (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL))
    sscanf (text, "%*u %lu", &pages);
  return pages * 4096;
}

static void
measure_memory (Bench *bench)
{
  gsize heap;
  gsize resident;
  gsize size;

  bench->wants_reply = TRUE;
  g_ptr_array_set_size (bench->messages, 0);
  seal_warm (bench, N_MEMORY);
  run_messages (bench);
  g_ptr_array_set_size (bench->messages, 0);
  resident = get_resident_bytes ();
  seal_warm (bench, N_MEMORY);
  run_messages (bench);
  g_ptr_array_set_size (bench->messages, 0);
  /* Less than before is nothing, which no ratio can be made of. */
  print_figure ("actor.memory", MAX (((double) get_resident_bytes () - (double) resident) / 1024, 1), "KiB",
                "growth of resident memory by 10,000 messages after as many, whose numbers are remembered",
                1024, FALSE, 0);

  seal_warm (bench, 512);
  size = g_bytes_get_size (g_ptr_array_index (bench->messages, 0));
  bench->brought = 0;
  bench->ended = 0;
  heap = mallinfo2 ().uordblks;
  for (guint i = 0; i < 512; i++)
    bring_next (bench);
  print_figure ("actor.memory_in_flight", (double) (mallinfo2 ().uordblks - heap) / 512, "bytes",
                "what a waiting message takes besides its own bytes on the wire, which are twice that many",
                (double) size / 2, FALSE, 0);
  g_main_loop_run (bench->loop);
}

static void
pin_to_one_core (void)
{
  cpu_set_t cores;
  int first = 0;

  sched_getaffinity (0, sizeof cores, &cores);
  while (!CPU_ISSET (first, &cores))
    first++;
  CPU_ZERO (&cores);
  CPU_SET (first, &cores);
  g_assert_cmpint (sched_setaffinity (0, sizeof cores, &cores), ==, 0);
}

static gsize
get_signed_size (Bench *bench)
{
  g_autoptr (GBytes) bytes = seal (bench, bench->user, bench->user_handle, BEHAVIOUR, 1);
  g_autoptr (DmsEnvelope) envelope = dms_envelope_new_from_bytes (bytes, NULL);
  g_autoptr (GBytes) text = dms_envelope_dup_signed_bytes (envelope);

  return g_bytes_get_size (text);
}

int
main (int argc, char **argv)
{
  Bench bench = { .loop = g_main_loop_new (NULL, FALSE) };
  const char *only = argc > 2 ? argv[2] : NULL;

  bench.one_core = argc < 2 || !g_str_equal (argv[1], "all-cores");
  if (bench.one_core)
    pin_to_one_core ();
  bench.n_cores = g_get_num_processors ();
  g_assert_cmpint (sodium_init (), >=, 0);
  build_contexts (&bench);
  start_node (&bench);
  bench.messages = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  bench.signed_size = get_signed_size (&bench);

  if (bench.one_core)
    measure_rates (&bench, one_core_figures, G_N_ELEMENTS (one_core_figures), only);
  else
    measure_rates (&bench, all_cores_figures, G_N_ELEMENTS (all_cores_figures), only);
  if (bench.one_core && only == NULL)
    {
      measure_codec (&bench);
      measure_memory (&bench);
    }

  dms_actor_registry_stop (bench.registry);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_object_unref (bench.root);
  g_object_unref (bench.registry);
  g_object_unref (bench.transport);
  g_object_unref (bench.node);
  g_object_unref (bench.user);
  g_object_unref (bench.field_user);
  g_object_unref (bench.organisation);
  dms_handle_unref (bench.user_handle);
  dms_handle_unref (bench.field_handle);
  dms_key_unref (bench.node_key);
  dms_key_unref (bench.peer_key);
  g_ptr_array_unref (bench.messages);
  g_main_loop_unref (bench.loop);
  return 0;
}
