"""What a hospital's systems and staff say: patients, exams, reports, and what they decide about them."""
