/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

enum
{
  /* An u64, little endian (spec, section 1). */
  DMS_P2P_MESSAGE_PREFIX_SIZE = 8,
  /* With the prefix (spec, section 1). */
  DMS_P2P_MESSAGE_MAX_FRAME_SIZE = 1024 * 1024,
  DMS_P2P_MESSAGE_MAX_SIZE = DMS_P2P_MESSAGE_MAX_FRAME_SIZE - DMS_P2P_MESSAGE_PREFIX_SIZE,
};

/* One message as it comes in, in pieces of any size. Memory is taken for what came, not for what was
 * announced. */
typedef struct _DmsP2pMessageFrame DmsP2pMessageFrame;

DmsP2pMessageFrame *dms_p2p_message_frame_new (void);
void dms_p2p_message_frame_free (DmsP2pMessageFrame *self);

/* Where the next bytes go, and how many at most: never beyond the message. Not when it is complete. */
void *dms_p2p_message_frame_get_space (DmsP2pMessageFrame *self, gsize *size);
/* @n bytes are there. FALSE when there can be no such message. */
gboolean dms_p2p_message_frame_advance (DmsP2pMessageFrame *self, gsize n, GError **error);

/* Its length is known. */
gboolean dms_p2p_message_frame_has_begun (DmsP2pMessageFrame *self);
gboolean dms_p2p_message_frame_is_complete (DmsP2pMessageFrame *self);
/* How much memory it takes. */
gsize dms_p2p_message_frame_get_memory (DmsP2pMessageFrame *self);
/* The message, when it is complete; nothing is left. */
GBytes *dms_p2p_message_frame_take (DmsP2pMessageFrame *self);

void dms_p2p_message_frame_write_prefix (guint8 prefix[DMS_P2P_MESSAGE_PREFIX_SIZE], gsize size);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsP2pMessageFrame, dms_p2p_message_frame_free)

G_END_DECLS
