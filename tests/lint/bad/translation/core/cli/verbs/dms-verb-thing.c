/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

const DmsCliVerb dms_verb_thing = {
  .summary = "show the thing",
};
