/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-bid-sample.h"

#include "common/dms-json-object.h"

#define MEMBER      "Sample"
#define PER_MILLION "PerMillion"
#define SPREAD_MS   "SpreadMs"
#define DOMAIN      "dms-bid-sample:"

gboolean
dms_bid_sample_read (DmsBidSample *self, JsonObject *request)
{
  JsonObject *sample = dms_json_object_get_child (request, MEMBER);
  gint64 per_million = dms_json_object_get_whole (sample, PER_MILLION, 0, DMS_BID_SAMPLE_ALL, -1);
  gint64 spread_ms = dms_json_object_get_whole (sample, SPREAD_MS, 0, G_MAXINT32, 0);

  if (per_million < 0)
    return FALSE;
  self->per_million = (guint) per_million;
  self->spread_ms = (guint) MIN (spread_ms, DMS_BID_SAMPLE_MAX_SPREAD_MS);
  return TRUE;
}

void
dms_bid_sample_write (const DmsBidSample *self, JsonObject *request)
{
  JsonObject *sample = json_object_new ();

  json_object_set_int_member (sample, PER_MILLION, self->per_million);
  json_object_set_int_member (sample, SPREAD_MS, self->spread_ms);
  json_object_set_object_member (request, MEMBER, sample);
}

void
dms_bid_sample_remove (JsonObject *request)
{
  if (json_object_has_member (request, MEMBER))
    json_object_remove_member (request, MEMBER);
}

gboolean
dms_bid_sample_has (const DmsBidSample *self, const char *ensemble_id, gint64 nonce, const char *peer)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree char *number = g_strdup_printf (":%" G_GINT64_FORMAT ":", nonce);
  guint8 digest[32];
  gsize size = sizeof digest;
  guint64 place = 0;

  g_checksum_update (checksum, (const guchar *) DOMAIN, -1);
  g_checksum_update (checksum, (const guchar *) ensemble_id, -1);
  g_checksum_update (checksum, (const guchar *) number, -1);
  g_checksum_update (checksum, (const guchar *) peer, -1);
  g_checksum_get_digest (checksum, digest, &size);
  for (guint i = 0; i < sizeof (guint32); i++)
    place = place << 8 | digest[i];
  /* Where in the million it stands. */
  return place * DMS_BID_SAMPLE_ALL >> 32 < self->per_million;
}
