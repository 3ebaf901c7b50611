/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "capability/dms-token.h"
#include "common/dms-wire-reader.h"
#include "common/dms-wire-writer.h"

G_BEGIN_DECLS

/* What a chain cache writes on this very object; 0 at first. Of no concern to anybody else. */
gsize dms_token_get_mark (DmsToken *self);
void dms_token_set_mark (DmsToken *self, gsize mark);
/* Reads {"dms":{...}}; NULL on an error, and without one for a token of another kind. */
DmsToken *dms_token_read (DmsWireReader *reader);
/* Reads the inner object, after the member name. */
DmsToken *dms_token_read_inner (DmsWireReader *reader);
/* What somebody could sign, without their signature: to be judged, never to be sent. */
DmsToken *dms_token_new_unsigned (DmsDid *issuer, DmsTokenAction action, DmsDid *subject, DmsDid *audience,
                                  const char * const *topics, const char * const *capabilities,
                                  guint64 expiry_ns, guint64 depth, DmsToken *chain);
void dms_token_write (DmsToken *self, DmsWireWriter *writer, const char *name);

G_END_DECLS
