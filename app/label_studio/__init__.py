"""Label Studio's ML backend: cracks as brush strokes that a person corrects.

Source of the contract: github.com/HumanSignal/label-studio-ml-backend (label_studio_ml/api.py), and what Label Studio
does with the answers: github.com/HumanSignal/label-studio (label_studio/ml/models.py).
"""
