/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-bid-refuser.h"

#include "actor/dms-token-bucket.h"
#include "provider/dms-bid-refusal.h"
#include "provider/dms-bid-sample.h"

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

gboolean
dms_bid_refuser_is_wanted (DmsBidRefuser *self, DmsMessage *message)
{
  JsonObject *request = dms_message_get_object (message);
  DmsBidSample sample;

  if (strcmp (dms_config_get_string (self->config, "job.refusals"), "off") == 0)
    return FALSE;
  return dms_bid_refusal_is_wanted (request) && dms_message_wants_reply (message) &&
         (dms_message_get_topic (message)[0] == '\0' || dms_bid_sample_read (&sample, request));
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

gboolean
dms_bid_refuser_take (DmsBidRefuser *self, const char *requester, const char *key)
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
