"""HL7 version 2 as hospitals really send it: which words a hospital uses where stands in a file of its own."""
