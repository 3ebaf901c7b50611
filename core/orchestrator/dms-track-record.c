/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-track-record.h"

#include "common/dms-json-object.h"
#include "observability/dms-log.h"
#include "store/dms-collection.h"

enum
{
  /* Machines that are remembered; whoever was not seen for longest is forgotten. */
  MAX_PEERS = 4096,
  /* When there is more than this, both counts are halved: what a machine did last weighs most. */
  MAX_COUNT = 64,
};

typedef struct
{
  guint kept;
  guint broken;
  gint64 seen_us;
} Track;

struct _DmsTrackRecord
{
  GObject parent_instance;

  DmsCollection *collection;
  /* Peer to Track. */
  GHashTable *tracks;
};

G_DEFINE_FINAL_TYPE (DmsTrackRecord, dms_track_record, G_TYPE_OBJECT)

static void
dms_track_record_finalize (GObject *object)
{
  DmsTrackRecord *self = DMS_TRACK_RECORD (object);

  g_clear_object (&self->collection);
  g_hash_table_unref (self->tracks);
  G_OBJECT_CLASS (dms_track_record_parent_class)->finalize (object);
}

static void
dms_track_record_class_init (DmsTrackRecordClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_track_record_finalize;
}

static void
dms_track_record_init (DmsTrackRecord *self)
{
  self->tracks = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

static void
load (DmsTrackRecord *self, GPtrArray *documents)
{
  for (guint i = 0; i < documents->len; i++)
    {
      JsonObject *body = dms_json_node_get_child (dms_document_get_body (documents->pdata[i]));
      Track *track = g_new0 (Track, 1);

      track->kept = (guint) dms_json_object_get_whole (body, "kept", 0, MAX_COUNT, 0);
      track->broken = (guint) dms_json_object_get_whole (body, "broken", 0, MAX_COUNT, 0);
      track->seen_us = dms_document_get_updated_us (documents->pdata[i]);
      g_hash_table_insert (self->tracks, g_strdup (dms_document_get_id (documents->pdata[i])), track);
    }
}

DmsTrackRecord *
dms_track_record_new (DmsStore *store, GError **error)
{
  static const char *const indexed[] = { "@updated_us", NULL };
  g_autoptr (DmsTrackRecord) self = g_object_new (DMS_TYPE_TRACK_RECORD, NULL);
  g_autoptr (DmsQuery) query = dms_query_new ();
  g_autoptr (GPtrArray) documents = NULL;

  self->collection = dms_collection_new (store, "track_records", indexed, error);
  if (self->collection == NULL)
    return NULL;
  dms_query_sort (query, "@updated_us", TRUE);
  dms_query_set_range (query, 0, MAX_PEERS);
  documents = dms_collection_query (self->collection, query, NULL, error);
  if (documents == NULL)
    return NULL;
  load (self, documents);
  return g_steal_pointer (&self);
}

static void
forget_oldest (DmsTrackRecord *self)
{
  const char *oldest = NULL;
  gint64 oldest_us = G_MAXINT64;
  GHashTableIter iter;
  gpointer peer;
  gpointer track;

  g_hash_table_iter_init (&iter, self->tracks);
  while (g_hash_table_iter_next (&iter, &peer, &track))
    {
      if (((Track *) track)->seen_us >= oldest_us)
        continue;
      oldest_us = ((Track *) track)->seen_us;
      oldest = peer;
    }
  if (oldest == NULL)
    return;
  dms_collection_delete (self->collection, oldest, NULL, NULL);
  g_hash_table_remove (self->tracks, oldest);
}

static void
save (DmsTrackRecord *self, const char *peer, const Track *track)
{
  g_autoptr (JsonNode) body = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  g_autoptr (GError) error = NULL;

  json_object_set_int_member (object, "kept", track->kept);
  json_object_set_int_member (object, "broken", track->broken);
  json_node_take_object (body, object);
  if (!dms_collection_put (self->collection, peer, body, &error))
    dms_log_event (
        G_LOG_LEVEL_WARNING, "track_record_not_saved", "peer", peer, "error", error->message, NULL);
}

void
dms_track_record_add (DmsTrackRecord *self, const char *peer, gboolean kept)
{
  Track *track = g_hash_table_lookup (self->tracks, peer);

  if (track == NULL)
    {
      if (g_hash_table_size (self->tracks) >= MAX_PEERS)
        forget_oldest (self);
      track = g_new0 (Track, 1);
      g_hash_table_insert (self->tracks, g_strdup (peer), track);
    }
  if (track->kept + track->broken >= MAX_COUNT)
    {
      track->kept /= 2;
      track->broken /= 2;
    }
  if (kept)
    track->kept++;
  else
    track->broken++;
  track->seen_us = g_get_real_time ();
  save (self, peer, track);
}

double
dms_track_record_get_reliability (DmsTrackRecord *self, const char *peer)
{
  const Track *track = g_hash_table_lookup (self->tracks, peer);

  return track == NULL ? 0.5 : (track->kept + 1.0) / (track->kept + track->broken + 2.0);
}

guint
dms_track_record_get_n_peers (DmsTrackRecord *self)
{
  return g_hash_table_size (self->tracks);
}
