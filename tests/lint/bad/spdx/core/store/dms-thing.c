int dms_thing;
