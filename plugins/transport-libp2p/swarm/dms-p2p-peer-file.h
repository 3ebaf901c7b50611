/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "swarm/dms-p2p-peer-record.h"

G_BEGIN_DECLS

/* What the peer store keeps over a restart: JSON, { "version": 1, "peers": [ { "id", "seen", "addresses": [ {
 * "address", "expires", "connected", "certified" } ] } ] }, times in seconds of the Unix epoch. */
enum
{
  DMS_P2P_PEER_FILE_MAX_PEERS = 512,
  /* 512 peers of 16 addresses of 256 bytes, and what is around them. */
  DMS_P2P_PEER_FILE_MAX_SIZE = 4 * 1024 * 1024,
};

/* DmsP2pPeerRecord; NULL with DMS_ERROR_CORRUPT. */
GPtrArray *dms_p2p_peer_file_parse (const char *text, gsize size, gint64 now_us, GError **error);
/* The peers among @records that once proved reachable, the latest first. */
char *dms_p2p_peer_file_build (GPtrArray *records, gint64 now_us);

/* NULL with DMS_ERROR_NOT_FOUND when there is no such file. */
GPtrArray *dms_p2p_peer_file_load (const char *path, gint64 now_us, GError **error);
/* Replaces the file at once, readable by its owner alone, without waiting for the disk. @text: (transfer
 * full). */
void dms_p2p_peer_file_write_async (const char *path,
                                    char *text,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
gboolean dms_p2p_peer_file_write_finish (GAsyncResult *result, GError **error);

G_END_DECLS
