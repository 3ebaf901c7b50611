/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "capability/dms-chain-texts.h"
#include "capability/dms-token.h"
#include "common/dms-wire-reader.h"
#include "common/dms-wire-writer.h"

G_BEGIN_DECLS

/* What a chain cache writes on this very object; 0 at first. Of no concern to anybody else. */
gsize dms_token_get_mark (DmsToken *self);
void dms_token_set_mark (DmsToken *self, gsize mark);
/* Reads {"dms":{...}}; NULL on an error, and without one for a token of another kind. @chains: (nullable):
 * which chains need not be read again. */
DmsToken *dms_token_read (DmsWireReader *reader, DmsChainTexts *chains);
/* Reads the inner object, after the member name. */
DmsToken *dms_token_read_inner (DmsWireReader *reader, DmsChainTexts *chains);
/* What somebody could sign, without their signature: to be judged, never to be sent. */
DmsToken *dms_token_new_unsigned (DmsDid *issuer, DmsTokenAction action, DmsDid *subject, DmsDid *audience,
                                  const char * const *topics, const char * const *capabilities,
                                  guint64 expiry_ns, guint64 depth, DmsToken *chain);
/* (nullable): all of it as it is written, if that is kept. */
GBytes *dms_token_get_text (DmsToken *self);
void dms_token_keep_text (DmsToken *self);
void dms_token_write (DmsToken *self, DmsWireWriter *writer, const char *name);

G_END_DECLS
