/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-bid-refuser.h"

#include "actor/dms-token-bucket.h"
#include "common/dms-json-object.h"
#include "observability/dms-log.h"
#include "provider/dms-bid-sample.h"
#include "resources/dms-fit.h"
#include "resources/dms-profile.h"
#include "resources/dms-semver.h"

#include <stdio.h>
#include <string.h>

enum
{
  /* Refusals a second, and at once after a quiet time: to one requester, and to all. Each costs a signature.
   */
  OF_ONE_PER_SECOND = 2,
  OF_ONE_AT_ONCE = 20,
  OF_ALL_PER_SECOND = 20,
  OF_ALL_AT_ONCE = 100,
  /* Requesters and questions that are remembered. */
  MAX_REQUESTERS = 1024,
  MAX_ANSWERED = 4096,
};

struct _DmsBidRefuser
{
  DmsConfig *config;
  DmsTokenBucket all;
  /* Requester to DmsTokenBucket. */
  GHashTable *requesters;
  /* Set of keys. */
  GHashTable *answered;
};

DmsBidRefuser *
dms_bid_refuser_new (DmsConfig *config)
{
  DmsBidRefuser *self = g_new0 (DmsBidRefuser, 1);

  self->config = g_object_ref (config);
  self->requesters = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->answered = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

void
dms_bid_refuser_free (DmsBidRefuser *self)
{
  g_object_unref (self->config);
  g_hash_table_unref (self->requesters);
  g_hash_table_unref (self->answered);
  g_free (self);
}

static gint64
get_nonce (JsonObject *request)
{
  return dms_json_object_get_whole (request, "Nonce", 0, G_MAXINT64, -1);
}

DmsBidRefusal *
dms_bid_refuser_begin (DmsBidRefuser *self, DmsMessage *message, const char *ensemble_id)
{
  JsonObject *request = dms_message_get_object (message);
  DmsBidSample sample;

  if (strcmp (dms_config_get_string (self->config, "job.refusals"), "off") == 0 ||
      !dms_bid_refusal_is_wanted (request) || !dms_message_wants_reply (message) ||
      (dms_message_get_topic (message)[0] != '\0' && !dms_bid_sample_read (&sample, request)))
    return NULL;
  return dms_bid_refusal_new (ensemble_id, get_nonce (request));
}

gboolean
dms_bid_refuser_tells_strangers (DmsBidRefuser *self)
{
  return strcmp (dms_config_get_string (self->config, "job.refusals"), "all") == 0;
}

static guint64
now_ns (void)
{
  return (guint64) g_get_monotonic_time () * 1000;
}

static gboolean
is_quiet (gpointer key, gpointer value, gpointer user_data)
{
  return dms_token_bucket_is_full (value, OF_ONE_PER_SECOND, now_ns ());
}

/* (nullable): NULL when there are too many that ask. */
static DmsTokenBucket *
ensure_bucket (DmsBidRefuser *self, const char *requester)
{
  DmsTokenBucket *bucket = g_hash_table_lookup (self->requesters, requester);

  if (bucket != NULL)
    return bucket;
  if (g_hash_table_size (self->requesters) >= MAX_REQUESTERS)
    g_hash_table_foreach_remove (self->requesters, is_quiet, NULL);
  if (g_hash_table_size (self->requesters) >= MAX_REQUESTERS)
    return NULL;
  bucket = g_new0 (DmsTokenBucket, 1);
  g_hash_table_insert (self->requesters, g_strdup (requester), bucket);
  return bucket;
}

/* Whether it may be told now; counts it. */
static gboolean
take (DmsBidRefuser *self, const char *requester, const char *key)
{
  DmsTokenBucket *bucket;
  guint64 now = now_ns ();

  if (g_hash_table_contains (self->answered, key))
    return FALSE;
  bucket = ensure_bucket (self, requester);
  if (bucket == NULL || !dms_token_bucket_has_one (bucket, OF_ONE_PER_SECOND, OF_ONE_AT_ONCE, now) ||
      !dms_token_bucket_has_one (&self->all, OF_ALL_PER_SECOND, OF_ALL_AT_ONCE, now))
    return FALSE;
  dms_token_bucket_take (bucket, OF_ONE_PER_SECOND, OF_ONE_AT_ONCE, now);
  dms_token_bucket_take (&self->all, OF_ALL_PER_SECOND, OF_ALL_AT_ONCE, now);
  /* What is forgotten may be answered once more, at the same rate. */
  if (g_hash_table_size (self->answered) >= MAX_ANSWERED)
    g_hash_table_remove_all (self->answered);
  g_hash_table_add (self->answered, g_strdup (key));
  return TRUE;
}

void
dms_bid_refuser_tell (DmsBidRefuser *self, DmsMessage *message, DmsBidRefusal *refusal)
{
  const char *id = dms_bid_refusal_get_ensemble_id (refusal);
  g_autofree char *key = g_strdup_printf ("%s/%" G_GINT64_FORMAT, id, dms_bid_refusal_get_nonce (refusal));
  g_autoptr (JsonNode) payload = dms_bid_refusal_to_json (refusal);
  /* Strangers share one allowance: keys cost them nothing. */
  const char *requester = "strangers";
  g_autoptr (GError) error = NULL;

  if (dms_bid_refusal_get_n_reasons (refusal) == 0)
    return;
  if (dms_bid_refusal_get_reason (refusal, 0)->code != DMS_BID_REFUSAL_NOT_GRANTED)
    requester = dms_did_get_uri (dms_message_get_sender_did (message));
  if (!take (self, requester, key))
    return;
  if (dms_message_reply (message, payload, &error))
    dms_log_event (G_LOG_LEVEL_DEBUG, "sending_bid_refusal", "orchestratorID", id, NULL);
  else
    dms_log_event (
        G_LOG_LEVEL_INFO, "bid_refusal_error", "orchestratorID", id, "error", error->message, NULL);
}

void
dms_bid_refuser_note (DmsBidRefusal *refusal, DmsBidRefusalCode code, const char *node, const char *field)
{
  if (refusal != NULL)
    dms_bid_refusal_add (refusal, code, node != NULL ? node : "", field, 0, 0);
}

static void
note_fit (DmsBidRefusal *refusal, const char *node, DmsFit *fit)
{
  GPtrArray *shortfalls = dms_fit_get_shortfalls (fit);

  for (guint i = 0; i < shortfalls->len; i++)
    {
      DmsShortfall *shortfall = shortfalls->pdata[i];
      const char *field = dms_shortfall_get_field (shortfall);

      dms_bid_refusal_add (refusal,
                           dms_bid_refusal_code_of_field (field),
                           node,
                           field,
                           dms_shortfall_get_required_number (shortfall),
                           dms_shortfall_get_offered_number (shortfall));
    }
}

/* So much of a version as shows that it does not do: 3.0 rather than 3.0.11, which tells what was not mended.
 */
static char *
dup_short_version (DmsLibrary *offered, DmsLibrary *required)
{
  const char *version = dms_library_get_version (offered);
  g_autoptr (DmsSemver) read = version != NULL ? dms_semver_new (version, NULL) : NULL;
  g_autofree char *text = NULL;
  g_autoptr (DmsLibrary) coarse = NULL;

  if (read == NULL)
    return NULL;
  text = g_strdup_printf ("%" G_GUINT64_FORMAT ".%" G_GUINT64_FORMAT,
                          dms_semver_get_number (read, 0),
                          dms_semver_get_number (read, 1));
  coarse = dms_library_new (dms_library_get_name (offered), NULL, text);
  return dms_library_meets (coarse, required) || dms_semver_get_n_numbers (read) < 2
             ? g_strdup (version)
             : g_steal_pointer (&text);
}

static void
note_library (DmsBidRefusal *refusal,
              const char *node,
              guint index,
              DmsProfile *offered,
              DmsProfile *required)
{
  GPtrArray *there = dms_profile_get_libraries (offered);
  DmsLibrary *wanted = dms_profile_get_libraries (required)->pdata[index];
  g_autofree char *field = g_strdup_printf ("libraries[%u]", index);
  g_autofree char *version = NULL;

  for (guint i = 0; version == NULL && i < there->len; i++)
    {
      if (dms_library_is_named_as (there->pdata[i], wanted))
        version = dup_short_version (there->pdata[i], wanted);
    }
  dms_bid_refusal_add_library (refusal, node, field, version);
}

gboolean
dms_bid_refuser_note_requirement (DmsBidRefusal *refusal,
                                  const char *node,
                                  DmsProfile *offered,
                                  DmsProfile *required)
{
  g_autoptr (DmsFit) fit = dms_comparator_explain_profiles (offered, required);
  GPtrArray *shortfalls = dms_fit_get_shortfalls (fit);

  for (guint i = 0; refusal != NULL && i < shortfalls->len; i++)
    {
      const char *field = dms_shortfall_get_field (shortfalls->pdata[i]);
      guint index = 0;

      if (sscanf (field, "libraries[%u]", &index) == 1)
        note_library (refusal, node, index, offered, required);
      else
        dms_bid_refusal_add (refusal,
                             dms_bid_refusal_code_of_field (field),
                             node,
                             field,
                             dms_shortfall_get_required_number (shortfalls->pdata[i]),
                             dms_shortfall_get_offered_number (shortfalls->pdata[i]));
    }
  return !dms_fit_suffices (fit);
}

static DmsProfile *
make_profile (const char *const *executors, DmsResources *resources)
{
  g_autoptr (DmsProfile) empty = dms_profile_new_empty ();
  g_autoptr (DmsProfile) able = dms_profile_with_executors (empty, executors);

  return dms_profile_with_resources (able, resources);
}

/* FALSE when it is enough. */
static gboolean
note_profiles (DmsBidRefusal *refusal, const char *node, DmsProfile *offered, DmsProfile *required)
{
  g_autoptr (DmsFit) fit = dms_comparator_explain_profiles (offered, required);

  note_fit (refusal, node, fit);
  return !dms_fit_suffices (fit);
}

void
dms_bid_refuser_note_lacking (DmsBidRefusal *refusal,
                              const char *node,
                              JsonObject *request,
                              const char *const *executors,
                              DmsResources *lent,
                              DmsResources *in_all)
{
  g_autoptr (DmsResources) resources =
      dms_resources_new_from_json (dms_json_object_get_member (request, "Resources"), NULL);
  g_auto (GStrv) wanted = dms_json_object_dup_texts (request, "Executors");
  g_autoptr (DmsProfile) required = NULL;
  g_autoptr (DmsProfile) offered = make_profile (executors, lent);
  g_autoptr (DmsProfile) machine = make_profile (executors, in_all);

  if (resources == NULL)
    {
      dms_bid_refuser_note (refusal, DMS_BID_REFUSAL_BAD_REQUEST, node, "resources");
      return;
    }
  required = make_profile ((const char *const *) wanted, resources);
  if (!note_profiles (refusal, node, offered, required) && !note_profiles (refusal, node, machine, required))
    dms_bid_refuser_note (refusal, DMS_BID_REFUSAL_BUSY, node, NULL);
}
