/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "capability/dms-capability-context.h"
#include "cli/dms-cli-call.h"

G_BEGIN_DECLS

/* What `cap grant` and `cap delegate` have in common. */
typedef struct
{
  DmsDid *subject;
  /* NULL for any. */
  DmsDid *audience;
  const char *const *topics;
  const char *const *capabilities;
  /* 0 to inherit. */
  guint64 expiry_ns;
  guint64 depth;
} DmsCliTerms;

gboolean dms_cli_terms_read (DmsCliCall *call, DmsCliTerms *terms, GError **error);
void dms_cli_terms_clear (DmsCliTerms *terms);

/* The flags `expiry` and `duration` alone; 0 when neither is given. */
gboolean dms_cli_terms_read_expiry (DmsCliCall *call, guint64 *expiry_ns, GError **error);

/* A date as people and scripts write it: 2026-01-01T00:00:00Z, without a zone in UTC, or the day alone. */
gboolean dms_cli_terms_parse_date (const char *text, guint64 *ns, GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DmsCliTerms, dms_cli_terms_clear)

G_END_DECLS
